"""The error for a missing column, with a likely cause."""

from collections.abc import Iterable
from pathlib import Path

from oumi_runtime.exceptions import DataError, suggestion

_SEPARATORS = {";": "';'", "\t": "tabs", "|": "'|'"}


def missing_column(
    where: Path | str, name: str, there: Iterable[str], remedy: str = ""
) -> DataError:
    """Returns the error for a missing column.

    Args:
        where: The file, or the name of the dataset.
        name: The name of the missing column.
        there: The names of the existing columns.
        remedy: What to do about it, if known.
    """
    names = list(there)
    separator = _other_separator(names)
    if str(where).lower().endswith(".csv") and separator is not None:
        return DataError(
            f"{where} has no column {name!r}, only {', '.join(names)}: it looks "
            f"separated by {separator}; use commas instead"
        )
    return DataError(
        f"{where} has no column {name!r}{suggestion(name, names)}, only "
        f"{', '.join(names)}" + (f"; {remedy}" if remedy else "")
    )


def _other_separator(names: list[str]) -> str | None:
    """Returns the likely separator, if the header was read as a single name."""
    if len(names) != 1:
        return None
    return next((word for sign, word in _SEPARATORS.items() if sign in names[0]), None)
