"""Reads the numbers that samples hold beside their texts."""

from collections.abc import Callable
from typing import Any

import torch


def numbers_like(first: Any) -> Callable[[Any], torch.Tensor]:
    """Returns a function that reads numbers of the shape and kind of the first ones.

    It raises TypeError for what is no number, and ValueError for numbers of another
    shape or kind; the messages go on from the value.
    """

    def read(value: Any) -> torch.Tensor:
        found, wanted = _numbers(value), _numbers(first)
        if found.shape != wanted.shape:
            shapes = f"{tuple(found.shape)}, but {tuple(wanted.shape)} in the first row"
            raise ValueError(f"of shape {shapes}")
        if found.is_floating_point() and not wanted.is_floating_point():
            raise ValueError("but a whole number in the first row")
        return found.to(wanted.dtype)

    return read


def _numbers(value: Any) -> torch.Tensor:
    try:
        found = torch.as_tensor(value)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError("not a number: beside texts, a model takes numbers") from None
    return found.to(torch.get_default_dtype()) if found.is_floating_point() else found


def shown(value: Any) -> str:
    """Returns the beginning of a value in one line, for messages."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 40 else f"{text[:37]}..."
