"""Reads the rows of a streamed Hugging Face dataset, many at a time."""

from collections.abc import Iterator
from typing import Any

from oumi_runtime.core.datasets.rows.reading import in_one_line
from oumi_runtime.datasets.readers.record_files import ROWS_AT_ONCE
from oumi_runtime.exceptions import BadRowError


class HubRecords:
    """A `datasets.IterableDataset` with the interface of `RecordFile`."""

    num_rows = None

    def __init__(self, rows: Any, where: str) -> None:
        """Initializes the reader; `where` names the dataset in errors."""
        self._rows = rows
        self._where = where

    def read(self, columns: list[str], start: int = 0) -> Iterator[Any]:
        """Iterates over the rows from `start` on, as `pyarrow.Table`s.

        Raises:
            BadRowError: A row cannot be read.
        """
        chosen = self._rows.select_columns(columns).with_format("arrow")
        row = 0
        try:
            for table in chosen.iter(batch_size=ROWS_AT_ONCE):
                if row + table.num_rows > start:
                    yield table.slice(max(0, start - row))
                row += table.num_rows
        except BadRowError:
            raise
        except Exception as error:  # `datasets` raises errors of many libraries.
            raise BadRowError(
                f"{self._where}: after row {row}: {in_one_line(error)}"
            ) from error
