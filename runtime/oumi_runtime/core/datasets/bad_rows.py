"""What becomes of a row that cannot be used, where all rows are read at once.

It is an error, or it is left out. Which of the two is said around the reading, and not
to the dataset: many a constructor is the user's own, and need not hand it on.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from oumi_runtime.core.datasets.rows import LeftOut
from oumi_runtime.exceptions import BadRowError

LeaveOut = Callable[[Iterable[LeftOut]], None]


@dataclass(frozen=True)
class _Leniency:
    dataset_name: str
    leave_out: LeaveOut


_LENIENCY: ContextVar[_Leniency | None] = ContextVar("leniency", default=None)


@contextlib.contextmanager
def leaving_out(dataset_name: str, leave_out: LeaveOut | None) -> Iterator[None]:
    """Has the rows that cannot be used left out of what is read in the block.

    Args:
        dataset_name: What the dataset that is read is called.
        leave_out: Is told of each row, and raises where they are too many. None where
            the first is an error.
    """
    leniency = None if leave_out is None else _Leniency(dataset_name, leave_out)
    before = _LENIENCY.set(leniency)
    try:
        yield
    finally:
        _LENIENCY.reset(before)


def is_leaving_out() -> bool:
    """Whether rows that cannot be used are left out here."""
    return _LENIENCY.get() is not None


def reject_row(where: Any, row: int, reason: str, *, message: str = "") -> None:
    """Leaves a row out of what is read, or raises.

    Args:
        where: What it is a row of: a file, or the name of a dataset.
        row: Its number there, from 1.
        reason: What is wrong with it, such as `has no 'text'`.
        message: What the error says; the place and the reason if empty.

    Raises:
        BadRowError: Nothing is to be left out.
        TooManyBadSamplesError: Too much has been left out.
    """
    leniency = _LENIENCY.get()
    if leniency is None:
        raise BadRowError(message or row_mistake(where, row, reason))
    name = leniency.dataset_name
    inside = "" if str(where) == name else f" ({where})"
    leniency.leave_out([LeftOut(f"row {row} of dataset {name!r}{inside}", reason)])


def row_mistake(where: Any, row: int, reason: str) -> str:
    """The sentence on a row that cannot be used; see `reject_row`."""
    comma = " " if reason.startswith("has ") else ": "
    return f"{where}: row {row}{comma}{reason}"
