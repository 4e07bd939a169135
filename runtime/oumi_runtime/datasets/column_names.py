"""Says of a column that it is not there, and why that may be."""

from collections.abc import Iterable
from pathlib import Path

from oumi_runtime.exceptions import DataError, suggestion

_SEPARATORS = {";": "';'", "\t": "tabs", "|": "'|'"}


def missing_column(
    where: Path | str, name: str, there: Iterable[str], remedy: str = ""
) -> DataError:
    """The error of a column that is not there.

    Args:
        where: The file, or the name of the dataset.
        name: The column's name.
        there: The columns that there are.
        remedy: What to do about it, if it can be said here.
    """
    names = list(there)
    separator = _other_separator(names)
    if str(where).lower().endswith(".csv") and separator is not None:
        return DataError(
            f"{where} has no column {name!r}, only {', '.join(names)}: it looks "
            f"separated by {separator}; separate its values by commas"
        )
    return DataError(
        f"{where} has no column {name!r}{suggestion(name, names)}, only "
        f"{', '.join(names)}" + (f"; {remedy}" if remedy else "")
    )


def _other_separator(names: list[str]) -> str | None:
    """What a table is separated by whose header is all one name."""
    if len(names) != 1:
        return None
    return next((word for sign, word in _SEPARATORS.items() if sign in names[0]), None)
