"""A table of the user's, read to learn which columns it has and what is in them.

Its rows are read in batches, and one batch is in memory at a time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from oumi_scaffold.exceptions import DataFileError, shown
from oumi_scaffold.user_data.columns import Column, Measure
from oumi_scaffold.user_data.rows import (
    CsvRows,
    JsonRows,
    ParquetRows,
    Rows,
    TypeChangeError,
)

SUFFIXES = (".jsonl", ".json", ".csv", ".parquet")
LABELS = ("label", "labels", "class", "category", "target", "y", "sentiment")
"""The names by which a column of classes goes."""

_CONVERSATIONS = frozenset(("messages", "conversation", "conversations", "dialogue"))
_UNREADABLE = (ValueError, OSError, RecursionError, ImportError)


class UserTable:
    """The columns of a file.

    Attributes:
        path: The file.
        num_rows: How many rows there are, once they have been read.
    """

    def __init__(self, path: Path, rows: Rows, chosen: Mapping[str, str]) -> None:
        """Takes what reads the rows, and the user's columns by what they are for."""
        self.path = path
        self.num_rows = 0
        self._rows = rows
        self._chosen = chosen

    @property
    def names(self) -> Sequence[str]:
        """The columns; of JSON, those that only later rows have once all were read."""
        return self._rows.names

    def column(self, use: str, usual: Sequence[str]) -> str:
        """Returns the name of the column that the user has chosen for a use.

        Without a choice it is the first usual name that there is, whatever its case.

        Args:
            use: What the column is for: text, label, target or tokens.
            usual: The names by which such a column goes.

        Raises:
            DataFileError: There is none; the sentence names the columns that there are.
        """
        there = ", ".join(self.names)
        if use in self._chosen:
            name = self._chosen[use]
            if name not in self.names:
                reason = f"it has no column {shown(name)}, only {there}"
                raise DataFileError(str(self.path), reason)
            return name
        lowered = {name.lower(): name for name in reversed(self.names)}
        for name in usual:
            if name in lowered:
                return lowered[name]
        reason = f"it has no column for the {use}, only {there}; name it with "
        reason += f"--column {use}=NAME"
        if found := _CONVERSATIONS & lowered.keys():
            reason += f", and write the conversations in {min(found)} as texts first"
        raise DataFileError(str(self.path), reason)

    def read(self, *measures: Measure) -> None:
        """Shows all rows to measures, once.

        Args:
            measures: At least one.

        Raises:
            DataFileError: A row cannot be read, a measure fails, or there is no row.
        """
        names = list(dict.fromkeys(name for each in measures for name in each.columns))
        try:
            self._read(names, measures)
        except TypeChangeError:
            self._read(names, measures)
        for each in measures:
            if each.failure is not None:
                raise DataFileError(str(self.path), each.failure)
        self.num_rows = measures[0].num_rows
        if not self.num_rows:
            raise DataFileError(str(self.path), "it has no rows")

    def _read(self, names: list[str], measures: Sequence[Measure]) -> None:
        for each in measures:
            each.start()
        for batch in self._batches(names):
            for each in measures:
                each.add(*(batch[name] for name in each.columns))

    def _batches(self, names: list[str]) -> Iterator[Mapping[str, Column]]:
        try:
            yield from self._rows.batches(names)
        except TypeChangeError:
            raise
        except _UNREADABLE as error:
            raise _unreadable(self.path, error) from error


def read_user_table(path: Path, chosen: Mapping[str, str]) -> UserTable:
    """Opens a csv, parquet, JSON lines or JSON file.

    Args:
        path: The file.
        chosen: The columns that the user has named, by what they are for.

    Raises:
        DataFileError: It cannot be read, or is of another kind.
    """
    readers: Mapping[str, Callable[[Path], Rows]] = {
        ".csv": CsvRows,
        ".parquet": ParquetRows,
        ".json": JsonRows,
        ".jsonl": JsonRows,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        kinds = ", ".join(SUFFIXES)
        raise DataFileError(str(path), f"its file type is unknown; use one of {kinds}")
    try:
        return UserTable(path, reader(path), chosen)
    except _UNREADABLE as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> DataFileError:
    return DataFileError(str(path), f"it cannot be read: {error}")
