"""Reads columns of the user's own table: csv, parquet, or JSON with a row a line.

What the columns mean is the datasets' to say.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from oumi_runtime.exceptions import DataError, suggestion

SUFFIXES = (".jsonl", ".json", ".csv", ".parquet")


def read_columns(path: Path, names: Sequence[str]) -> list[list[Any]]:
    """Reads some columns; of a csv file, the first of them as texts, whatever it holds.

    Args:
        path: A .csv, .parquet, .jsonl or .json file. JSON has an object a line, or is
            one list of objects.
        names: Names of the columns.

    Returns:
        The values of each column, as many as there are rows; none is missing.

    Raises:
        DataError: The file, a column or a value is missing, or cannot be read.
    """
    columns = _reader_of(path)(path, names)
    for name in names:
        if columns.get(name) is None:
            raise DataError(
                f"{path} has no column {name!r}{suggestion(name, columns)}, only "
                f"{', '.join(columns)}; name it in dataset_kwargs"
            )
        for row, value in enumerate(columns[name], start=1):
            if value is None:
                raise DataError(f"{path}: row {row} has no {name!r}")
    return [columns[name] for name in names]


def read_table(path: Path) -> dict[str, list[Any]]:
    """Reads all columns, by name; see `read_columns`. A missing value is None.

    Raises:
        DataError: The file is missing, or cannot be read.
    """
    return _reader_of(path)(path, None)


def _reader_of(
    path: Path,
) -> Callable[[Path, Sequence[str] | None], dict[str, list[Any]]]:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise DataError(
            f"{path} has an unknown file type; use one of {', '.join(SUFFIXES)}"
        )
    return _read_json if suffix in (".jsonl", ".json") else _read_arrow


def _read_json(path: Path, names: Sequence[str] | None) -> dict[str, list[Any]]:
    """The columns by name, with None for what a row does not have."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except ValueError as error:
        raise DataError(f"{path} is not UTF-8: {error}") from error
    rows = _parse(text, path, 1) if text.lstrip().startswith("[") else None
    if rows is None:
        lines = enumerate(text.split("\n"), start=1)
        rows = [_parse(line, path, number) for number, line in lines if line.strip()]
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise DataError(f"{path}: row {number} is not a JSON object")
    there = dict.fromkeys(key for row in rows for key in row)
    return {
        name: [row.get(name) for row in rows]
        for name in (there if rows else dict.fromkeys(names or ()))
    }


def _parse(text: str, path: Path, line: int) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        if isinstance(error, json.JSONDecodeError):
            line += error.lineno - 1
        raise DataError(f"{path}:{line} is not JSON: {error}") from error


def _read_arrow(path: Path, names: Sequence[str] | None) -> dict[str, list[Any]]:
    """The columns by name; those that are not asked for are empty."""
    import pyarrow as pa

    try:
        if path.suffix.lower() == ".csv":
            table = _read_csv(path, names[0] if names else None)
        else:
            from pyarrow import parquet

            table = parquet.read_table(path)
        names = list(table.column_names) if names is None else names
        twice = [name for name in names if table.column_names.count(name) > 1]
        if twice:
            raise DataError(f"{path} has two columns named {twice[0]!r}; rename one")
        return {
            name: table.column(name).to_pylist() if name in names else []
            for name in table.column_names
        }
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path} is not valid {path.suffix[1:]}: {reason}") from error


def _read_csv(path: Path, text_column: str | None) -> Any:
    import pyarrow as pa
    from pyarrow import csv

    return csv.read_csv(
        path,
        # One block, because a row must not be longer, and types are inferred from one.
        csv.ReadOptions(block_size=min(path.stat().st_size + 1, 2**31 - 1)),
        # A text may hold line breaks inside its quotes.
        csv.ParseOptions(newlines_in_values=True),
        # 007 and 2024-01-01 are texts too.
        csv.ConvertOptions(
            column_types={text_column: pa.string()} if text_column else None
        ),
    )
