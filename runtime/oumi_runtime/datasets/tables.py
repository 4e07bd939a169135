"""Reads columns of the user's own table: csv, parquet, JSON lines, or a JSON list.

The datasets define what the columns mean.
"""

import csv
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from oumi_runtime.core.datasets.bad_rows import reject_row
from oumi_runtime.datasets.table import Column, Table
from oumi_runtime.exceptions import DataError

SUFFIXES = (".jsonl", ".json", ".csv", ".parquet")
_BLOCK_BYTES = 16 << 20
CSV_REASON = re.compile(
    r"(In CSV column #\d+: |CSV parse error: )Row #(?P<row>\d+): (?P<reason>.*)"
)


def read_columns(path: Path, names: Sequence[str]) -> Table:
    """Reads some columns; in a csv file, the first is always read as text.

    Args:
        path: A .csv, .parquet, .jsonl or .json file. JSON has one object per line, or
            is one list of objects.
        names: The names of the columns.

    Returns:
        The rows that have a value in every one of these columns.

    Raises:
        DataError: The file, a column or a value is missing, or cannot be read.
    """
    table = _reader_of(path)(path, names)
    for name in names:
        table.require(name, "name it in dataset_kwargs")
        table.check_filled(name)
    return table


def read_table(path: Path) -> Table:
    """Reads all columns; see `read_columns`. A missing value is None.

    Numeric columns without missing values are arrays, except those of JSON.

    Raises:
        DataError: The file is missing, or cannot be read.
    """
    return _reader_of(path)(path, None)


def _reader_of(path: Path) -> Callable[[Path, Sequence[str] | None], Table]:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise DataError(
            f"{path} has an unknown file type; use one of {', '.join(SUFFIXES)}"
        )
    return _read_json if suffix in (".jsonl", ".json") else _read_arrow


def _read_json(path: Path, names: Sequence[str] | None) -> Table:
    """Returns the columns by name, with None for missing values.

    Columns not in `names` are empty.
    """
    columns: dict[str, list[Any]] = {name: [] for name in names or ()}
    there: dict[str, None] = {}
    numbers: list[int] = []
    for number, row in enumerate(_json_rows(path), start=1):
        if isinstance(row, _NotJson):
            message = f"{path}:{row.line} is not {row.wanted}: {row.reason}"
            reason = f"line {row.line} is not {row.wanted}: {row.reason}"
            reject_row(path, number, reason, message=message)
        elif isinstance(row, dict):
            if not row.keys() <= there.keys():
                there |= dict.fromkeys(row)
                if names is None:
                    before = len(numbers)
                    columns |= {
                        name: [None] * before for name in row if name not in columns
                    }
            for name, values in columns.items():
                values.append(row.get(name))
            numbers.append(number)
        else:
            message = f"{path}: row {number} is not a JSON object"
            reject_row(path, number, "is not a JSON object", message=message)
    found: dict[str, Column] = {
        name: columns.get(name, [])
        for name in (there if numbers else dict.fromkeys(names or ()))
    }
    return Table(path, found, numbers)


@dataclass(frozen=True)
class _NotJson:
    """A line that is not valid JSON."""

    line: int
    reason: str
    wanted: str = "JSON"


def _json_rows(path: Path) -> Iterator[Any]:
    """Yields the value of each nonblank line, or the items of a single list."""
    line, is_first = 0, True
    with path.open("rb") as file:
        for part in file:
            if line == 0:
                part = part.removeprefix(b"\xef\xbb\xbf")
            if is_first and part.lstrip().startswith(b"["):
                yield from _json_list(part + file.read(), line + 1, path)
                return
            # A carriage return ends a line too.
            for text in part.splitlines():
                line += 1
                if text.strip():
                    is_first = False
                    yield _parsed(text, line)


def _json_list(content: bytes, line: int, path: Path) -> list[Any]:
    rows = _parsed(content, line)
    # A truncated list cannot be divided into rows.
    if isinstance(rows, _NotJson):
        raise DataError(f"{path}:{rows.line} is not {rows.wanted}: {rows.reason}")
    found: list[Any] = rows
    return found


def _parsed(text: bytes, line: int) -> Any:
    try:
        return json.loads(text.decode())
    except UnicodeDecodeError as error:
        return _NotJson(line + text.count(b"\n", 0, error.start), str(error), "UTF-8")
    except (ValueError, RecursionError) as error:
        if isinstance(error, json.JSONDecodeError):
            line += error.lineno - 1
        return _NotJson(line, str(error))


def _read_arrow(path: Path, names: Sequence[str] | None) -> Table:
    """Returns the columns by name; those not in `names` are empty."""
    import pyarrow as pa

    numbers: list[int] | None = None
    try:
        if path.suffix.lower() == ".csv":
            there = _csv_header(path)
            chosen = _chosen(names, there)
            table, numbers = _read_csv(path, names[0] if names else None, chosen)
        else:
            from pyarrow import parquet

            there = parquet.read_schema(path).names
            chosen = _chosen(names, there)
            table = parquet.read_table(path, columns=chosen)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        if match := CSV_REASON.match(reason):
            # Arrow counts the header as a row.
            reason = f"row {int(match['row']) - 1}: {match['reason']}"
        raise DataError(f"{path} is not valid {path.suffix[1:]}: {reason}") from error
    there = table.column_names if chosen is None else there
    wanted: Sequence[str] = there if names is None else names
    twice = [name for name in wanted if there.count(name) > 1]
    if twice:
        raise DataError(f"{path} has two columns named {twice[0]!r}; rename one")
    columns: dict[str, Column] = {
        name: _values(table.column(name), as_array=names is None)
        if name in wanted
        else []
        for name in there
    }
    return Table(path, columns, numbers or range(1, table.num_rows + 1))


def _chosen(names: Sequence[str] | None, there: Sequence[str]) -> list[str] | None:
    """Returns the columns to read; None for all, so that Arrow reports missing ones."""
    if names is None or any(there.count(name) != 1 for name in names):
        return None
    return list(dict.fromkeys(names))


def _csv_header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        try:
            return next(csv.reader(file), [])
        except csv.Error:
            return []  # For example, an unclosed quote; Arrow has a better message.


def _values(column: Any, *, as_array: bool) -> Column:
    """Returns the values of an Arrow column; see `read_table`."""
    import pyarrow as pa

    is_number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    if as_array and is_number and not column.null_count:
        # Arrow's own way imports pandas, which takes a third of a second.
        parts = [np.from_dlpack(part) for part in column.chunks]
        return np.concatenate(parts) if parts else np.zeros(0)
    values: list[Any] = column.to_pylist()
    return values


def _read_csv(
    path: Path, text_column: str | None, chosen: list[str] | None
) -> tuple[Any, list[int] | None]:
    """Returns the table, and its row numbers if bad rows were left out."""
    import pyarrow as pa

    try:
        return _arrow_csv(path, text_column, chosen, None), None
    except pa.ArrowInvalid:
        bad: list[Any] = []
        table = _arrow_csv(path, text_column, chosen, bad)
    for row in bad:
        reason = (
            f"Expected {row.expected_columns} columns, got {row.actual_columns}: "
            f"{row.text!r:.40}"
        )
        message = f"{path} is not valid csv: row {row.number - 1}: {reason}"
        reject_row(path, row.number - 1, reason, message=message)
    if not bad:  # A row is longer than a block.
        return table, None
    left_out = {row.number - 1 for row in bad}
    numbers = range(1, table.num_rows + len(bad) + 1)
    return table, [number for number in numbers if number not in left_out]


def _arrow_csv(
    path: Path,
    text_column: str | None,
    chosen: list[str] | None,
    bad: list[Any] | None,
) -> Any:
    """Reads the file.

    Args:
        path: The file.
        text_column: A column to read as text, whatever its values look like.
        chosen: The columns to read; all if None.
        bad: A list to which rows with too few or too many values are appended; if it
            is None, such rows are errors.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    def note(row: Any) -> str:
        assert bad is not None
        bad.append(row)
        return "skip"

    # A row must fit into one block, and with threads, Arrow does not number the rows.
    whole = min(path.stat().st_size + 1, 2**31 - 1)
    return arrow_csv.read_csv(
        path,
        arrow_csv.ReadOptions(
            block_size=whole if bad is not None else _BLOCK_BYTES,
            use_threads=bad is None,
        ),
        arrow_csv.ParseOptions(
            # Quoted texts may contain line breaks.
            newlines_in_values=True,
            invalid_row_handler=None if bad is None else note,
        ),
        # Values such as 007 and 2024-01-01 stay texts.
        arrow_csv.ConvertOptions(
            column_types={text_column: pa.string()} if text_column else None,
            include_columns=chosen,
        ),
    )
