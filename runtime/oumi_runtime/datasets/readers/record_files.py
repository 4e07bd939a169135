"""Reads csv, JSON-lines, parquet and arrow files sequentially, in record batches.

Only the current batch is in memory. Errors name the row that cannot be read.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from oumi_runtime.datasets.readers.column_names import missing_column, require_single
from oumi_runtime.datasets.readers.csv_files import (
    CSV_REASON,
    decimal_mark_of,
    separator_of,
)
from oumi_runtime.datasets.readers.json_lines import begins_a_list, first_bad_line
from oumi_runtime.exceptions import BadRowError, DataError, first_line

STREAMED_SUFFIXES = (".jsonl", ".json", ".csv", ".parquet", ".arrow")
ROWS_AT_ONCE = 4096
_BLOCK_BYTES = 4 << 20
_BUFFER_BYTES = 1 << 20


class RecordFile:
    """A file of rows, read with pyarrow, which is imported only when it is needed."""

    def __init__(
        self,
        path: Path,
        text_columns: tuple[str, ...] = (),
        *,
        reads_lists: bool = False,
    ) -> None:
        """Opens the file and reads its first rows.

        Args:
            path: A .csv, .jsonl, .json (one object per line), .parquet or .arrow file.
            text_columns: Columns to read as text, whatever their values look like.
            reads_lists: Whether to read a file that is one JSON list, all at once.

        Raises:
            DataError: The file is missing, not supported, or cannot be read.
        """
        suffix = path.suffix.lower()
        if suffix not in STREAMED_SUFFIXES:
            raise DataError(
                f"{path} cannot be streamed; use one of {', '.join(STREAMED_SUFFIXES)}"
            )
        if not path.is_file():
            raise DataError(f"no file at {path}; set dataset_path to one")
        self.path = path
        self._kind = "json" if suffix in (".json", ".jsonl") else suffix[1:]
        self._text_columns = text_columns
        self.first_row: dict[str, Any] = {}
        if self._kind == "json" and begins_a_list(path):
            self._kind = "list"
        if self._kind == "list" and not reads_lists:
            raise DataError(
                f"{path} is one JSON list, which cannot be streamed; write one object "
                "per line, or set stream: false"
            )
        is_empty = path.stat().st_size == 0
        first = None if is_empty else next(self.read(rows_at_once=1), None)
        if first is None:
            raise DataError(f"{path} has no rows")
        self.first_row = first.to_pylist()[0]
        self.schema = first.schema

    def require(self, names: Mapping[str, str]) -> None:
        """Checks that columns exist.

        Args:
            names: Column names by the constructor argument that sets them.

        Raises:
            DataError: A column is missing.
        """
        for argument, name in names.items():
            if name not in self.first_row:
                remedy = f"set dataset_kwargs.{argument}"
                raise missing_column(self.path, name, self.first_row, remedy)

    @property
    def num_rows(self) -> int | None:
        """Number of rows, if the file states it."""
        if self._kind != "parquet":
            return None
        from pyarrow import parquet

        return int(parquet.read_metadata(self.path).num_rows)

    def read(
        self,
        columns: list[str] | None = None,
        start: int = 0,
        rows_at_once: int = ROWS_AT_ONCE,
    ) -> Iterator[Any]:
        """Iterates over the rows.

        Args:
            columns: The columns to read; all if None.
            start: The first row to read, from 0.
            rows_at_once: Maximum number of rows in a batch.

        Yields:
            `pyarrow.RecordBatch`es.

        Raises:
            BadRowError: A row cannot be read, or has values of another type.
            DataError: Two of the columns have the same name.
        """
        import pyarrow as pa

        if columns is not None:
            require_single(self.path, columns, self.schema.names)
        row = 0
        try:
            for first_row, batch in self._batches(columns, start, rows_at_once):
                row = first_row + batch.num_rows
                skipped = max(0, start - first_row)
                for place in range(skipped, batch.num_rows, rows_at_once):
                    yield batch.slice(place, rows_at_once)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise BadRowError(self._reason(error, row)) from error

    def _batches(
        self, columns: list[str] | None, start: int, rows_at_once: int
    ) -> Iterator[tuple[int, Any]]:
        """Yields batches with their first row numbers; some may be before `start`."""
        if self._kind == "parquet":
            return self._parquet(columns, start, rows_at_once)
        reader = {
            "csv": self._csv,
            "json": self._json,
            "list": self._list,
            "arrow": self._arrow,
        }[self._kind]
        return reader(columns)

    def _parquet(
        self, columns: list[str] | None, start: int, rows_at_once: int
    ) -> Iterator[tuple[int, Any]]:
        from pyarrow import parquet

        # Buffered, because a row group read at once may be the whole file.
        with closing(
            parquet.ParquetFile(self.path, buffer_size=_BUFFER_BYTES, pre_buffer=False)
        ) as file:
            first_row = 0
            for number in range(file.num_row_groups):
                num_rows = file.metadata.row_group(number).num_rows
                if first_row + num_rows <= start:
                    first_row += num_rows
                    continue
                for batch in file.iter_batches(
                    rows_at_once, row_groups=[number], columns=columns
                ):
                    yield first_row, batch
                    first_row += batch.num_rows

    def _arrow(self, columns: list[str] | None) -> Iterator[tuple[int, Any]]:
        import pyarrow as pa

        with pa.OSFile(str(self.path)) as file:
            is_file = file.read(6) == b"ARROW1"
            file.seek(0)
            batches: Iterator[Any]
            if is_file:
                opened = pa.ipc.open_file(file)
                batches = map(opened.get_batch, range(opened.num_record_batches))
            else:
                batches = iter(pa.ipc.open_stream(file))
            if columns is not None:
                batches = (batch.select(columns) for batch in batches)
            yield from _numbered(batches)

    def _csv(self, columns: list[str] | None) -> Iterator[tuple[int, Any]]:
        import pyarrow as pa
        from pyarrow import csv

        reader = csv.open_csv(
            self.path,
            # With threads, Arrow does not count rows, so a bad one could not be named.
            # They saved no time on two cores, with 2 columns or 20.
            csv.ReadOptions(block_size=_BLOCK_BYTES, use_threads=False),
            # Quoted texts may contain line breaks.
            csv.ParseOptions(
                delimiter=separator_of(self.path), newlines_in_values=True
            ),
            csv.ConvertOptions(
                column_types=dict.fromkeys(self._text_columns, pa.string()),
                include_columns=columns,
                decimal_point=decimal_mark_of(self.path),
            ),
        )
        return _numbered(reader)

    def _json(self, columns: list[str] | None) -> Iterator[tuple[int, Any]]:
        import pyarrow as pa
        from pyarrow import json as arrow_json

        options = arrow_json.ParseOptions()
        if columns is not None:
            known = {name: self.schema.field(name).type for name in columns}
            known |= {
                name: pa.string() for name in self._text_columns if name in columns
            }
            options = arrow_json.ParseOptions(
                explicit_schema=pa.schema(list(known.items())),
                unexpected_field_behavior="ignore",
            )
        size = arrow_json.ReadOptions(block_size=_BLOCK_BYTES)
        return _numbered(arrow_json.open_json(self.path, size, options))

    def _list(self, columns: list[str] | None) -> Iterator[tuple[int, Any]]:
        import pyarrow as pa

        try:
            rows = json.loads(self.path.read_text(encoding="utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise DataError(f"{self.path} is not JSON: {error}") from error
        for number, row in enumerate(rows, 1):
            if not isinstance(row, dict):
                raise BadRowError(f"{self.path}: row {number} is not a JSON object")
        table = pa.Table.from_pylist(rows)
        chosen = table if columns is None else table.select(columns)
        return _numbered(chosen.to_batches())

    def _reason(self, error: Exception, row: int) -> str:
        """Describes an error and the row, from 1, that it occurred in."""
        text = first_line(error)
        where = f"{self.path}: after row {row}" if row else str(self.path)
        if self._kind == "json":
            found = first_bad_line(self.path, row, self.first_row, self._text_columns)
            return found or f"{where}: {text}"
        if self._kind == "csv" and (match := CSV_REASON.match(text)):
            # Arrow counts the header as a row.
            return f"{self.path}: row {int(match['row']) - 1}: {match['reason']}"
        return f"{where}: {text}"


def _numbered(batches: Any) -> Iterator[tuple[int, Any]]:
    first_row = 0
    for batch in batches:
        yield first_row, batch
        first_row += batch.num_rows
