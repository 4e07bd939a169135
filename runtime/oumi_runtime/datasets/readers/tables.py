"""Reads columns of the user's own table: csv, parquet, JSON lines, or a JSON list.

The datasets define what the columns mean.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from oumi_runtime.core.datasets.rows.bad_rows import reject_row
from oumi_runtime.datasets.readers.column_names import require_single
from oumi_runtime.datasets.readers.csv_files import CSV_REASON, csv_header, read_csv
from oumi_runtime.datasets.readers.table import Column, Table
from oumi_runtime.exceptions import DataError, first_line

_ROWS_AT_ONCE = 1024
SUFFIXES = (".jsonl", ".json", ".csv", ".parquet")


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
    table = _read(path, names, names[:1], as_array=False)
    for name in names:
        table.require(name, "name it in dataset_kwargs")
        table.check_filled(name)
    return table


def read_table(
    path: Path, names: Sequence[str] | None = None, as_text: Collection[str] = ()
) -> Table:
    """Reads columns as what they are; see `read_columns`. A missing value is None.

    Numeric columns are arrays, in which a missing value is NaN, except those of JSON
    and integers with missing values.

    Args:
        path: The file.
        names: The columns to read; all if None. Others are there, but empty.
        as_text: Columns of a csv file that are text, even if all values are numbers.

    Raises:
        DataError: The file is missing, or cannot be read.
    """
    return _read(path, names, as_text, as_array=True)


def _read(
    path: Path,
    names: Sequence[str] | None,
    as_text: Collection[str],
    *,
    as_array: bool,
) -> Table:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise DataError(
            f"{path} has an unknown file type; use one of {', '.join(SUFFIXES)}"
        )
    if suffix in (".jsonl", ".json"):
        return _read_json(path, names)
    return _read_arrow(path, names, as_text, as_array=as_array)


def _read_json(path: Path, names: Sequence[str] | None) -> Table:
    """Returns the columns by name, with None for missing values.

    Columns not in `names` are empty.
    """
    columns: dict[str, list[Any]] = {name: [] for name in names or ()}
    there: dict[str, None] = {}
    numbers: list[int] = []
    texts: dict[str, str] = {}
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
                value = row.get(name)
                # Of tokens and tags there are few different ones, and many in all.
                values.append(_shared(value, texts) if type(value) is list else value)
            numbers.append(number)
        else:
            message = f"{path}: row {number} is not a JSON object"
            reject_row(path, number, "is not a JSON object", message=message)
    found: dict[str, Column] = {
        name: columns.get(name, [])
        for name in (there if numbers else dict.fromkeys(names or ()))
    }
    return Table(path, found, numbers)


def _shared(items: list[Any], texts: dict[str, str]) -> list[Any]:
    """Returns a list in which equal texts, here and in other lists, are one object."""
    return [texts.setdefault(v, v) if type(v) is str else v for v in items]


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


def _read_arrow(
    path: Path,
    names: Sequence[str] | None,
    as_text: Collection[str],
    *,
    as_array: bool,
) -> Table:
    """Returns the columns by name; those not in `names` are empty."""
    import pyarrow as pa

    numbers: Sequence[int] | None = None
    try:
        if path.suffix.lower() == ".csv":
            there = csv_header(path)
            chosen = _chosen(names, there)
            table, numbers = read_csv(path, as_text, chosen)
        else:
            from pyarrow import parquet

            there = parquet.read_schema(path).names
            chosen = _chosen(names, there)
            table = parquet.read_table(path, columns=chosen)
    except (pa.ArrowException, OSError) as error:
        reason = first_line(error)
        if match := CSV_REASON.match(reason):
            # Arrow counts the header as a row.
            reason = f"row {int(match['row']) - 1}: {match['reason']}"
        raise DataError(f"{path} is not valid {path.suffix[1:]}: {reason}") from error
    there = table.column_names if chosen is None else there
    wanted: Sequence[str] = there if names is None else names
    require_single(path, wanted, there)
    numbers = numbers or range(1, table.num_rows + 1)
    columns: dict[str, Column] = {name: [] for name in there}
    for name in dict.fromkeys(wanted):
        if name in columns:
            column = table.column(name)
            # What has been converted need not be in memory twice.
            table = table.drop_columns([name])
            columns[name] = _values(column, as_array=as_array)
    return Table(path, columns, numbers)


def _chosen(names: Sequence[str] | None, there: Sequence[str]) -> list[str] | None:
    """Returns the columns to read; None for all, so that Arrow reports missing ones."""
    if names is None or any(there.count(name) != 1 for name in names):
        return None
    return list(dict.fromkeys(names))


def _values(column: Any, *, as_array: bool) -> Column:
    """Returns the values of an Arrow column; see `read_table`."""
    import pyarrow as pa

    is_float = pa.types.is_floating(column.type)
    if as_array and is_float and column.null_count:
        column = column.fill_null(float("nan"))
    is_number = is_float or pa.types.is_integer(column.type)
    if as_array and is_number and not column.null_count:
        # Arrow's own way imports pandas, which takes a third of a second.
        parts = [np.from_dlpack(part) for part in column.chunks]
        return np.concatenate(parts) if parts else np.zeros(0)
    if as_array and pa.types.is_string(column.type):
        return _shared_texts(column)
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        return _shared_lists(column)
    values: list[Any] = column.to_pylist()
    return values


def _shared_lists(column: Any) -> list[Any]:
    """Returns the lists of a column, with equal texts as the same object."""
    found: list[Any] = []
    texts: dict[str, str] = {}
    for start in range(0, len(column), _ROWS_AT_ONCE):
        for row in column.slice(start, _ROWS_AT_ONCE).to_pylist():
            found.append(row if row is None else _shared(row, texts))
    return found


def _shared_texts(column: Any) -> list[Any]:
    """Returns the texts of a column, equal ones as the same object: often classes."""
    found: list[Any] = []
    for part in column.dictionary_encode().chunks:
        # The last one is that of a missing text.
        texts = np.array([*part.dictionary.to_pylist(), None], object)
        places: Any = np.from_dlpack(part.indices.fill_null(-1))
        found += texts[places].tolist()
    return found
