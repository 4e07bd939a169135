"""Reads the rows of a csv, parquet, JSON lines or JSON file, in batches.

The readers are those of the runtime's datasets, so that a column has one type to both.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, cast

from oumi_scaffold.user_data.columns import Column

_BLOCK_BYTES = 4 << 20
_BUFFER_BYTES = 1 << 20
_ROWS_AT_ONCE = 1024
_FRACTION = re.compile(r"[+-]?\d+[.,]\d+([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3},\d{3}")


class Rows(Protocol):
    """The rows of a file, and the names of their columns."""

    @property
    def names(self) -> Sequence[str]:
        """The columns, of which JSON may show more while it is read."""
        ...

    def batches(self, names: Sequence[str]) -> Iterator[Mapping[str, Column]]:
        """Iterates over some columns of all rows, a few thousand rows at once.

        Raises:
            TypeChangeError: A column is of another type than its first rows.
            ValueError: A row cannot be read.
        """
        ...


class TypeChangeError(ValueError):
    """A csv file's columns are not of the types that its beginning has.

    What was said of them is void. The rows can be read again: the types of the whole
    file are found out then, for which it has to be in memory.
    """


class CsvRows:
    """The rows of a csv file."""

    def __init__(self, path: Path) -> None:
        """Opens the file."""
        self._path = path
        self._is_whole = False
        try:
            with self._stream(None) as stream:
                schema = stream.schema
        except ValueError:
            self._is_whole = True
            schema = self._table(None).schema
        _check_text(schema)
        self.names = list(schema.names)
        _check_names(self.names)

    def batches(self, names: Sequence[str]) -> Iterator[Mapping[str, Column]]:
        """See `Rows`."""
        if self._is_whole:
            for batch in self._table(list(names)).to_batches(_ROWS_AT_ONCE):
                yield _columns(batch)
            return
        try:
            with self._stream(list(names)) as stream:
                for batch in stream:
                    yield _columns(batch)
        except ValueError as error:
            self._is_whole = True
            raise TypeChangeError(str(error)) from error

    def _stream(self, names: list[str] | None) -> Any:
        csv = _csv()
        # One thread is as fast here, and nothing of later blocks is in memory.
        read = csv.ReadOptions(block_size=_BLOCK_BYTES, use_threads=False)
        return csv.open_csv(self._path, read, *_options(self._path, names))

    def _table(self, names: list[str] | None) -> Any:
        csv = _csv()
        options = _options(self._path, names)
        try:
            read = csv.ReadOptions(block_size=_BLOCK_BYTES)
            table = csv.read_csv(self._path, read, *options)
        except ValueError:
            # A row must not be longer than a block.
            size = min(self._path.stat().st_size + 1, 2**31 - 1)
            read = csv.ReadOptions(block_size=size)
            table = csv.read_csv(self._path, read, *options)
        _check_text(table.schema)
        return table


class ParquetRows:
    """The rows of a parquet file."""

    def __init__(self, path: Path) -> None:
        """Opens the file."""
        self._path = path
        with self._file() as file:
            self.names = list(file.schema_arrow.names)
        _check_names(self.names)

    def batches(self, names: Sequence[str]) -> Iterator[Mapping[str, Column]]:
        """See `Rows`."""
        with self._file() as file:
            for batch in file.iter_batches(_ROWS_AT_ONCE, columns=list(names)):
                yield _columns(batch)

    def _file(self) -> Any:
        from pyarrow import parquet as arrow  # pyright: ignore[reportMissingTypeStubs]

        parquet = cast(Any, arrow)
        # Buffered, because a row group read at once may be the whole file.
        return closing(
            parquet.ParquetFile(self._path, buffer_size=_BUFFER_BYTES, pre_buffer=False)
        )


class JsonRows:
    """The objects of JSON lines, or of one JSON list."""

    def __init__(self, path: Path) -> None:
        """Reads the first rows, for their names."""
        self._path = path
        self._there: dict[str, None] = {}
        for row in islice(self._rows(), _ROWS_AT_ONCE):
            self._there |= dict.fromkeys(row)

    @property
    def names(self) -> list[str]:
        """The names of all rows that were read."""
        return list(self._there)

    def batches(self, names: Sequence[str]) -> Iterator[Mapping[str, Column]]:
        """See `Rows`; a name that a row does not have is None there."""
        every = self._rows()
        while rows := list(islice(every, _ROWS_AT_ONCE)):
            for row in rows:
                if not row.keys() <= self._there.keys():
                    self._there |= dict.fromkeys(row)
            yield {name: [row.get(name) for row in rows] for name in names}

    def _rows(self) -> Iterator[dict[str, object]]:
        for number, row in enumerate(_json_values(self._path), start=1):
            if not isinstance(row, dict):
                raise ValueError(f"row {number} is not a JSON object")
            yield cast(dict[str, object], row)


def _json_values(path: Path) -> Iterator[object]:
    """The value of each line that is not blank, or those of one list."""
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


def missing_words() -> frozenset[str]:
    """Returns the cells of csv that mean a missing value: Arrow's list of them."""
    return frozenset(_csv().ConvertOptions().null_values)


def _csv() -> Any:
    from pyarrow import csv  # pyright: ignore[reportMissingTypeStubs]

    return cast(Any, csv)


def _options(path: Path, names: list[str] | None) -> tuple[Any, Any]:
    """How csv is parsed, and which columns are read."""
    csv = _csv()
    # Quoted texts may contain line breaks.
    separator = _separator_of(path)
    parse = csv.ParseOptions(delimiter=separator, newlines_in_values=True)
    mark = _decimal_mark_of(path, separator)
    return parse, csv.ConvertOptions(include_columns=names, decimal_point=mark)


def _separator_of(path: Path) -> str:
    """What separates the columns: a comma, or what the header has in its place."""
    with path.open("rb") as file:
        header = file.readline(_BUFFER_BYTES)
    others = (sign for sign in ";\t|" if sign.encode() in header)
    return "," if b"," in header else next(others, ",")


def _decimal_mark_of(path: Path, separator: str) -> str:
    """A comma if the file begins with fractions that have one, and none with a point.

    Numbers such as 1,234, which may be thousands, do not tell.
    """
    if separator == ",":
        return "."
    with path.open("rb") as file:
        lines = file.read(_BUFFER_BYTES).decode(errors="replace").splitlines()
    cells = [cell.strip(' "') for line in lines for cell in line.split(separator)]
    numbers = [cell for cell in cells if _FRACTION.fullmatch(cell)]
    has_points = any("." in number for number in numbers)
    are_thousands = all(_THOUSANDS.fullmatch(number) for number in numbers)
    return "." if has_points or are_thousands else ","


def _columns(batch: Any) -> Mapping[str, Column]:
    return dict(zip(batch.schema.names, batch.columns, strict=True))


def _check_text(schema: Any) -> None:
    for name, kind in zip(schema.names, schema.types, strict=True):
        # What is not UTF-8 becomes bytes.
        if str(kind) == "binary":
            raise ValueError(f"its column {name!r} is not UTF-8; save it as UTF-8")


def _check_names(names: Sequence[str]) -> None:
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"two columns are named {twice[0]!r}")
