"""Which numbers a model can have: those that there are in 32 bits."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
_LARGEST = float(np.finfo(np.float32).max)
LEAVE_OUT_COLUMN = "; leave the column out by dataset_kwargs.feature_columns"


def in_32_bits(values: npt.NDArray[Any]) -> Floats:
    """The values as float32, infinite where they are too large for it."""
    with np.errstate(over="ignore"):
        return np.asarray(values, np.float32)


def reason_against(name: str, value: float, remedy: str = "") -> str | None:
    """Why a value of a column cannot be used; None where it can."""
    if abs(value) <= _LARGEST:
        return None
    what = "too large" if math.isfinite(value) else "not a number"
    return f"{name!r} is {value!r:.40}, {what}{remedy}"
