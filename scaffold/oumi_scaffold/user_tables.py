"""Reads a table of the user's, to learn which columns it has and what is in them.

The readers are those of the runtime's datasets, so that a column has one type to both.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from oumi_scaffold.exceptions import DataFileError, shown

SUFFIXES = (".jsonl", ".json", ".csv", ".parquet")


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
    readers: Mapping[str, Callable[[Path], dict[str, list[object]]]] = {
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


def _read_csv(path: Path) -> dict[str, list[object]]:
    from pyarrow import csv as arrow  # pyright: ignore[reportMissingTypeStubs]

    csv = cast(Any, arrow)
    size = min(path.stat().st_size + 1, 2**31 - 1)
    options = (
        csv.ReadOptions(block_size=size),
        csv.ParseOptions(newlines_in_values=True),
    )
    columns = _columns(csv.read_csv(path, *options))
    for name, values in columns.items():
        # What is not UTF-8 becomes bytes.
        if values and isinstance(values[0], bytes):
            raise ValueError(f"its column {name!r} is not UTF-8; save it as UTF-8")
    return columns


def _read_parquet(path: Path) -> dict[str, list[object]]:
    from pyarrow import parquet as arrow  # pyright: ignore[reportMissingTypeStubs]

    return _columns(cast(Any, arrow).read_table(path))


def _columns(table: Any) -> dict[str, list[object]]:
    names: list[str] = list(table.column_names)
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"two columns are named {twice[0]!r}")
    return {name: table.column(name).to_pylist() for name in names}


def _read_json(path: Path) -> dict[str, list[object]]:
    text = path.read_text(encoding="utf-8-sig")
    if text.lstrip().startswith("["):
        rows = cast(list[object], json.loads(text))
    else:
        rows = [
            _json_of(line, number)
            for number, line in enumerate(text.split("\n"), start=1)
            if line.strip()
        ]
    records: list[dict[str, object]] = []
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise ValueError(f"row {number} is not a JSON object")
        records.append(cast(dict[str, object], row))
    names = dict.fromkeys(key for record in records for key in record)
    return {name: [record.get(name) for record in records] for name in names}


def _json_of(line: str, number: int) -> object:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {number}: {error.msg}") from error
