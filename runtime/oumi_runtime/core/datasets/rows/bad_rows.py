"""Handles unusable rows in datasets that read all rows at once.

Such a row is either an error or left out. The choice is made by a context around the
reading rather than a constructor argument, so that users' own dataset classes need not
pass it on.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from oumi_runtime.core.datasets.rows.reading import LeftOut
from oumi_runtime.exceptions import BadRowError

LeaveOut = Callable[[Iterable[LeftOut]], None]


@dataclass(frozen=True)
class _Leniency:
    dataset_name: str
    leave_out: LeaveOut


_LENIENCY: ContextVar[_Leniency | None] = ContextVar("leniency", default=None)


@contextlib.contextmanager
def leaving_out(dataset_name: str, leave_out: LeaveOut | None) -> Iterator[None]:
    """Leaves unusable rows out of whatever is read within the block.

    Args:
        dataset_name: The name of the dataset being read, for messages.
        leave_out: Called with each such row; raises if there are too many. If None,
            the first unusable row is an error.
    """
    leniency = None if leave_out is None else _Leniency(dataset_name, leave_out)
    before = _LENIENCY.set(leniency)
    try:
        yield
    finally:
        _LENIENCY.reset(before)


def is_leaving_out() -> bool:
    """Whether unusable rows are currently left out."""
    return _LENIENCY.get() is not None


def reject_row(where: Any, row: int, reason: str, *, message: str = "") -> None:
    """Leaves out an unusable row, or raises an error.

    Args:
        where: The file, or the name of the dataset, that the row is from.
        row: The row number, from 1.
        reason: What is wrong with the row, such as `has no 'text'`.
        message: The error message; by default composed of the other arguments.

    Raises:
        BadRowError: Unusable rows may not be left out.
        TooManyBadSamplesError: Too many rows have been left out.
    """
    leniency = _LENIENCY.get()
    if leniency is None:
        raise BadRowError(message or row_mistake(where, row, reason))
    name = leniency.dataset_name
    inside = "" if str(where) == name else f" ({where})"
    leniency.leave_out([LeftOut(f"row {row} of dataset {name!r}{inside}", reason)])


def row_mistake(where: Any, row: int, reason: str) -> str:
    """Returns the error message for an unusable row; see `reject_row`."""
    comma = " " if reason.startswith("has ") else ": "
    return f"{where}: row {row}{comma}{reason}"
