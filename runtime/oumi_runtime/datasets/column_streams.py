"""Numbers and lists of numbers of a file that is read as they are used."""

from collections.abc import Callable, Iterator
from typing import Any

import torch

from oumi_runtime.core.datasets import BlockDataset, ColumnDataset, RaggedColumn
from oumi_runtime.datasets.arrow_columns import to_column
from oumi_runtime.datasets.record_files import RecordFile

ReadTables = Callable[[int], Iterator[Any]]


class ColumnStream(BlockDataset):
    """The columns of a table, as the model's forward calls them.

    Whole numbers become int64, fractions float32. Lists of whole numbers are sequences
    that are padded, whatever their lengths; other lists must be of one length.
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
        """Takes what reads the table.

        Args:
            read: Begins with a row, and yields `pyarrow` tables or record batches.
            names: What the model calls each column that is read.
            dataset_name: What the dataset is called.
            dataset_path: Where it is.
            num_samples: How many rows there are, if known.
            label_names: Names of the classes, if known.
        """
        self.dataset_name, self.dataset_path = dataset_name, dataset_path
        self.label_names = label_names
        self._read = read
        self._names = names
        self._num_samples = num_samples

    @property
    def num_samples(self) -> int | None:
        """How many rows there are, where the file says so."""
        return self._num_samples

    def count_samples(self) -> int:
        """How many rows there are, which may take reading all of them."""
        if self._num_samples is None:
            self._num_samples = sum(table.num_rows for table in self._read(0))
        return self._num_samples

    def read_blocks(self, start: int = 0) -> Iterator[ColumnDataset]:
        """Goes through the rows; see `BlockDataset.read_blocks`."""
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
