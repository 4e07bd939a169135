"""Compares samples, and describes what their fields are."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

_NUMBERS = (torch.Tensor, np.ndarray, np.generic, bool, int, float)


def difference(one: Any, other: Any) -> str | None:
    """Returns which field of two samples differs, in words; None if none does.

    NaN is equal to NaN here.
    """
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        return None if same(one, other) else "the samples differ"
    if one.keys() != other.keys():
        return f"the fields are {', '.join(one)} and {', '.join(other)}"
    for name in one:
        if not same(one[name], other[name]):
            return f"{name!r} is {shown(one[name])} and {shown(other[name])}"
    return None


def same(one: Any, other: Any) -> bool:
    """Returns whether two values are equal: tensors, arrays, lists, texts, numbers."""
    if isinstance(one, torch.Tensor | np.ndarray):
        if type(one) is not type(other):
            return False
        a, b = torch.as_tensor(one), torch.as_tensor(other)
        if a.shape != b.shape or a.dtype != b.dtype:
            return False
        return torch.equal(a, b) or bool(torch.isclose(a, b, 0, 0, True).all())
    if isinstance(one, list | tuple):
        return type(one) is type(other) and (
            len(one) == len(other)
            and all(same(a, b) for a, b in zip(one, other, strict=True))
        )
    if isinstance(one, float) and one != one:
        return isinstance(other, float) and other != other
    return type(one) is type(other) and bool(one == other)


def shown(value: Any) -> str:
    """Returns a short description of a value: its first numbers, if it has several."""
    if isinstance(value, torch.Tensor | np.ndarray) and value.size and value.ndim:
        numbers = torch.as_tensor(value).flatten()[:3].tolist()
        start = ", ".join(f"{number:.4g}" for number in numbers)
        return f"[{start}, ...]"
    text = " ".join(repr(value).split())
    return text if len(text) <= 40 else f"{text[:37]}..."


def form_of(value: Any) -> str:
    """Returns what a field is: its dtype and number of dimensions, or its type."""
    if isinstance(value, torch.Tensor | np.ndarray):
        dtype = str(value.dtype).removeprefix("torch.")
        return f"{dtype} with {value.ndim} dimension{'' if value.ndim == 1 else 's'}"
    if isinstance(value, list | tuple):
        inner = sorted({form_of(each) for each in value})
        return f"a {type(value).__name__} of {' and '.join(inner) or 'anything'}"
    return type(value).__name__


def tensors_of(value: Any) -> Iterator[torch.Tensor]:
    """Yields the numbers of a field: of a tensor, an array, a list or one number."""
    if isinstance(value, _NUMBERS):
        yield torch.as_tensor(value)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from tensors_of(each)


def digest(value: Any) -> bytes:
    """Returns a short hash of a sample, or of a value in it."""
    found = hashlib.sha256()
    _add(found, value)
    return found.digest()


def _add(found: Any, value: Any) -> None:
    if isinstance(value, Mapping):
        for name in sorted(value):
            found.update(repr(name).encode())
            _add(found, value[name])
    elif isinstance(value, torch.Tensor | np.ndarray):
        array = np.ascontiguousarray(torch.as_tensor(value).cpu().double().numpy())
        found.update(repr(array.shape).encode() + array.tobytes())
    elif isinstance(value, list | tuple):
        found.update(f"[{len(value)}".encode())
        for each in value:
            _add(found, each)
    else:
        found.update(repr(value).encode("utf-8", "surrogatepass"))
