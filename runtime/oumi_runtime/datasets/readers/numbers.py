"""Checks that numbers can be represented as float32, which models compute with."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
_LARGEST = float(np.finfo(np.float32).max)
LEAVE_OUT = "leave the column out with dataset_kwargs.feature_columns"
LEAVE_OUT_COLUMN = f"; {LEAVE_OUT}"


def in_32_bits(values: npt.NDArray[Any]) -> Floats:
    """Converts values to float32; those that are too large become infinite."""
    with np.errstate(over="ignore"):
        return np.asarray(values, np.float32)


def reason_against(name: str, value: float, remedy: str = "") -> str | None:
    """Returns why a value of a column is unusable; None if it is usable or missing."""
    if math.isnan(value) or abs(value) <= _LARGEST:
        return None
    what = "too large" if math.isfinite(value) else "not a number"
    return f"{name!r} is {value!r:.40}, {what}{remedy}"
