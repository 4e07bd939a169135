"""Streams of numeric columns from a file."""

from collections.abc import Callable, Iterator
from typing import Any

import torch

from oumi_runtime.core.datasets import BlockDataset, ColumnDataset, RaggedColumn
from oumi_runtime.datasets.readers.arrow_columns import to_column
from oumi_runtime.datasets.readers.record_files import RecordFile

ReadTables = Callable[[int], Iterator[Any]]


class ColumnStream(BlockDataset):
    """The columns of a table, named after the parameters of the model's forward.

    Integers become int64, floats float32. Lists of integers are sequences, which are
    padded; other lists must be of equal length.
    """

    def __init__(
        self,
        read: ReadTables,
        names: dict[str, str],
        *,
        dataset_name: str,
        dataset_path: str | None,
        num_samples: int | None = None,
        label_names: list[str] | None = None,
    ) -> None:
        """Initializes the stream.

        Args:
            read: Yields `pyarrow` tables or record batches, starting at a given row.
            names: The name of forward's parameter for each column to read.
            dataset_name: The name of the dataset.
            dataset_path: The path of the file, if there is one.
            num_samples: The number of rows, if known.
            label_names: The class names, if known.
        """
        self.dataset_name, self.dataset_path = dataset_name, dataset_path
        self.label_names = label_names
        self._read = read
        self._names = names
        self._num_samples = num_samples

    @property
    def num_samples(self) -> int | None:
        """Number of rows, if the file states it."""
        return self._num_samples

    def count_samples(self) -> int:
        """Counts the rows, reading all of them if necessary."""
        if self._num_samples is None:
            self._num_samples = sum(table.num_rows for table in self._read(0))
        return self._num_samples

    def read_blocks(self, start: int = 0) -> Iterator[ColumnDataset]:
        """Iterates over the rows; see `BlockDataset.read_blocks`."""
        import pyarrow as pa

        where = self.dataset_path or str(self.dataset_name)
        row = start
        for batch in self._read(start):
            columns: dict[str, torch.Tensor | RaggedColumn] = {}
            for name, own in self._names.items():
                column = batch.column(name)
                if isinstance(column, pa.Array):
                    column = pa.chunked_array([column])
                columns[own] = to_column(
                    column,
                    name,
                    where,
                    first_row=row,
                    pad_value=-100 if own == "labels" else 0,
                    are_sequences=True,
                )
            yield ColumnDataset(columns, label_names=self.label_names)
            row += batch.num_rows


def stream_columns(
    file: RecordFile, names: dict[str, str], *, dataset_name: str
) -> ColumnStream:
    """Streams some columns of a file; see `ColumnStream`."""
    return ColumnStream(
        lambda start: file.read(list(names), start),
        names,
        dataset_name=dataset_name,
        dataset_path=str(file.path),
        num_samples=file.num_rows,
    )
