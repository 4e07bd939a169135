"""Reads a table of the user's, to learn which columns it has and what is in them.

The readers are those of the runtime's datasets, so that a column has one type to both.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast, overload

from oumi_scaffold.exceptions import DataFileError, shown

SUFFIXES = (".jsonl", ".json", ".csv", ".parquet")
_BLOCK_BYTES = 16 << 20


@dataclass(frozen=True)
class UserTable:
    """The columns of a file by name, each a list of plain values.

    Attributes:
        path: The file.
        columns: The values of each column.
        chosen: The columns that the user has named, by what they are for.
    """

    path: Path
    columns: Mapping[str, Sequence[object]]
    chosen: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def num_rows(self) -> int:
        """How many rows there are."""
        return max(map(len, self.columns.values()), default=0)

    def column(self, use: str, usual: Sequence[str]) -> str:
        """Returns the name of the column that the user has chosen for a use.

        Without a choice it is the first usual name that there is, whatever its case.

        Args:
            use: What the column is for: text, label, target or tokens.
            usual: The names by which such a column goes.

        Raises:
            DataFileError: There is none; the sentence names the columns that there are.
        """
        there = ", ".join(self.columns)
        if use in self.chosen:
            name = self.chosen[use]
            if name not in self.columns:
                reason = f"it has no column {shown(name)}, only {there}"
                raise DataFileError(str(self.path), reason)
            return name
        lowered = {name.lower(): name for name in reversed(list(self.columns))}
        for name in usual:
            if name in lowered:
                return lowered[name]
        reason = f"it has no column for the {use}, only {there}; name it with "
        raise DataFileError(str(self.path), f"{reason}--column {use}=NAME")

    def number_of_classes(self, column: str) -> int:
        """Returns how many classes a column holds.

        Raises:
            DataFileError: It holds something other than names or whole numbers from 0.
        """
        values = self.columns[column]
        for row, value in enumerate(values, start=1):
            if not isinstance(value, str | int) or value == "":
                reason = f"row {row}: {column} is {value!r:.40}, which is not a class"
                raise DataFileError(str(self.path), reason)
        if not values:
            raise DataFileError(str(self.path), "it has no rows")
        if any(isinstance(value, str) for value in values):
            return len(set(values))
        numbers = [int(cast(int, value)) for value in values]
        if min(numbers) < 0:
            reason = f"{column} holds {min(numbers)}; classes are numbered from 0"
            raise DataFileError(str(self.path), reason)
        return max(numbers) + 1

    def no_number(self, column: str) -> str | None:
        """Returns what is wrong with the first value that is not a number, if any."""
        for row, value in enumerate(self.columns[column], start=1):
            if value is None or value == "" or value != value:  # which NaN is not
                return f"row {row} is missing"
            if not isinstance(value, int | float):
                return f"row {row} is {value!r:.40}"
        return None


def read_user_table(path: Path, chosen: Mapping[str, str]) -> UserTable:
    """Reads a csv, parquet, JSON lines or JSON file.

    Args:
        path: The file.
        chosen: See `UserTable`.

    Raises:
        DataFileError: It cannot be read, or is of another kind.
    """
    readers: Mapping[str, Callable[[Path], Mapping[str, Sequence[object]]]] = {
        ".csv": _read_csv,
        ".parquet": _read_parquet,
        ".json": _read_json,
        ".jsonl": _read_json,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        kinds = ", ".join(SUFFIXES)
        raise DataFileError(str(path), f"its file type is unknown; use one of {kinds}")
    try:
        return UserTable(path, reader(path), chosen)
    except (ValueError, OSError, RecursionError, ImportError) as error:
        raise DataFileError(str(path), f"it cannot be read: {error}") from error


class _ArrowColumn(Sequence[object]):
    """The values of a column, made when one is asked for: most columns never are."""

    def __init__(self, column: Any) -> None:
        self._column = column

    def __len__(self) -> int:
        return len(self._column)

    def __iter__(self) -> Iterator[object]:
        return iter(self._values)

    @overload
    def __getitem__(self, index: int) -> object: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[object]: ...
    def __getitem__(self, index: int | slice) -> object:
        return self._values[index]

    @cached_property
    def _values(self) -> list[object]:
        values: list[object] = self._column.to_pylist()
        return values


def _read_csv(path: Path) -> Mapping[str, Sequence[object]]:
    from pyarrow import csv as arrow  # pyright: ignore[reportMissingTypeStubs]

    csv = cast(Any, arrow)
    options = csv.ParseOptions(newlines_in_values=True)
    try:
        table = csv.read_csv(path, csv.ReadOptions(block_size=_BLOCK_BYTES), options)
    except ValueError:
        # A row must not be longer than a block.
        size = min(path.stat().st_size + 1, 2**31 - 1)
        table = csv.read_csv(path, csv.ReadOptions(block_size=size), options)
    for name, kind in zip(table.column_names, table.schema.types, strict=True):
        # What is not UTF-8 becomes bytes.
        if str(kind) == "binary":
            raise ValueError(f"its column {name!r} is not UTF-8; save it as UTF-8")
    return _columns(table)


def _read_parquet(path: Path) -> Mapping[str, Sequence[object]]:
    from pyarrow import parquet as arrow  # pyright: ignore[reportMissingTypeStubs]

    return _columns(cast(Any, arrow).read_table(path))


def _columns(table: Any) -> Mapping[str, Sequence[object]]:
    names: list[str] = list(table.column_names)
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"two columns are named {twice[0]!r}")
    return {name: _ArrowColumn(table.column(name)) for name in names}


def _read_json(path: Path) -> dict[str, list[object]]:
    columns: dict[str, list[object]] = {}
    for before, row in enumerate(_json_rows(path)):
        if not isinstance(row, dict):
            raise ValueError(f"row {before + 1} is not a JSON object")
        record = cast(dict[str, object], row)
        for name in record:
            if name not in columns:
                columns[name] = [None] * before
        for name, values in columns.items():
            values.append(record.get(name))
    return columns


def _json_rows(path: Path) -> Iterator[object]:
    """The object of each line that is not blank, or those of one list."""
    with path.open(encoding="utf-8-sig") as file:
        is_first = True
        for number, line in enumerate(file, start=1):
            if is_first and line.lstrip().startswith("["):
                yield from cast(list[object], json.loads(line + file.read()))
                return
            if line.strip():
                is_first = False
                yield _json_of(line, number)


def _json_of(line: str, number: int) -> object:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {number}: {error.msg}") from error
