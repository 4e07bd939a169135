"""Reads one dataset of a stream in blocks, in its own order or shuffled."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, count
from typing import Any, cast

import torch
from torch.utils.data import Dataset, IterableDataset

from oumi_runtime.core.datasets.base_iterable_dataset import BaseIterableDataset
from oumi_runtime.core.datasets.in_memory.columns import ColumnDataset
from oumi_runtime.core.datasets.in_memory.texts import TextColumns
from oumi_runtime.core.datasets.rows.reading import describe_row, in_one_line
from oumi_runtime.core.datasets.rows.seeding import seed_of_part
from oumi_runtime.core.datasets.streams.block_dataset import BlockDataset
from oumi_runtime.core.datasets.streams.blocks import (
    ROWS_AT_ONCE,
    Block,
    BlockData,
    RawRows,
    cut,
)
from oumi_runtime.core.datasets.streams.order import shuffle_blocks
from oumi_runtime.exceptions import BadRowError, DataError, OumiRuntimeError

# Fewer than for columns, because rows of users' datasets may be large.
_RAW_ROWS_AT_ONCE = 64


@dataclass(frozen=True)
class StreamSource:
    """One dataset of a stream, and the selection of its rows."""

    dataset: Dataset[Any]
    """Iterable or map-style; the latter is read in the order of its rows."""
    sample_count: int | None = None
    """Number of rows to use, repeating rows if there are fewer; None for all."""
    shuffle_buffer_size: int | None = None
    """Size of the shuffle buffer in rows; None for the dataset's own order."""
    seed: int = 0
    row_by_row: bool = False
    """Whether to return single rows even for columns, to mix them with other rows."""

    @property
    def gives_rows(self) -> bool:
        """Whether samples are made one by one."""
        dataset = self.dataset
        if isinstance(dataset, ColumnDataset | TextColumns):
            return self.row_by_row or is_custom(dataset)
        return not isinstance(dataset, BlockDataset)

    @property
    def num_samples(self) -> int | None:
        """Number of samples in a pass; None if unknown without reading the data."""
        if self.sample_count is not None:
            return self.sample_count
        if isinstance(self.dataset, BlockDataset):
            return self.dataset.num_samples
        has_length = hasattr(self.dataset, "__len__")
        return len(cast(Any, self.dataset)) if has_length else None

    def count_samples(self) -> int | None:
        """Like `num_samples`, but reads a file once if necessary."""
        if self.num_samples is None and isinstance(self.dataset, BlockDataset):
            return self.dataset.count_samples()
        return self.num_samples

    def blocks(
        self, number: int, stream_pass: int = 0, start: int = 0
    ) -> Iterator[Block]:
        """Iterates over the samples of a pass.

        Args:
            number: The index of this dataset in the stream.
            stream_pass: The number of the pass, from 0; each is shuffled differently.
            start: The first sample, from 0; only without shuffling and repeating.

        Raises:
            BadRowError: A row cannot be read.
            DataError: The dataset has no rows.
        """

        def once() -> Iterator[Block]:
            blocks = self._read(number, stream_pass, start)
            if self.shuffle_buffer_size is None:
                return blocks
            seed = seed_of_part(self.seed, stream_pass)
            return shuffle_blocks(blocks, self.shuffle_buffer_size, seed)

        if self.sample_count is None:
            return once() if start else self._checked(once())
        repeated = chain.from_iterable(self._checked(once()) for _ in count())
        return cut(repeated, self.sample_count)

    @property
    def can_start_anywhere(self) -> bool:
        """Whether `blocks` accepts a `start` other than 0."""
        return self.sample_count is None and self.shuffle_buffer_size is None

    def _checked(self, blocks: Iterator[Block]) -> Iterator[Block]:
        first = next(blocks, None)
        if first is None:
            name = getattr(self.dataset, "dataset_name", None)
            raise DataError(
                f"dataset {name or type(self.dataset).__name__!r} has no rows; it "
                "must yield them again each time it is iterated over"
            )
        yield first
        yield from blocks

    def _read(self, number: int, stream_pass: int, start: int) -> Iterator[Block]:
        row = start
        for data in self._read_data(stream_pass, start):
            yield Block.of(data, number, row)
            row += len(data)

    def _read_data(self, stream_pass: int, start: int) -> Iterator[BlockData]:
        dataset = self.dataset
        set_epoch = getattr(dataset, "set_epoch", None)
        if set_epoch is not None:
            set_epoch(stream_pass)
        if isinstance(dataset, BlockDataset):
            return dataset.read_blocks(start)
        if isinstance(dataset, ColumnDataset | TextColumns) and not self.gives_rows:
            return (
                dataset.select(
                    torch.arange(first, min(first + ROWS_AT_ONCE, len(dataset)))
                )
                for first in range(start, len(dataset), ROWS_AT_ONCE)
            )
        if isinstance(dataset, BaseIterableDataset):
            return self._raw_rows(dataset.iter_raw(), start)
        if isinstance(dataset, IterableDataset):
            return self._raw_rows(dataset, start)
        length = len(cast(Any, dataset))
        return (
            RawRows(list(range(first, min(first + _RAW_ROWS_AT_ONCE, length))))
            for first in range(start, length, _RAW_ROWS_AT_ONCE)
        )

    def _raw_rows(self, rows: Iterable[Any], start: int) -> Iterator[RawRows]:
        held: list[Any] = []
        number = -1
        try:
            for number, row in enumerate(rows):
                if number >= start:
                    held.append(row)
                if len(held) == _RAW_ROWS_AT_ONCE:
                    yield RawRows(held)
                    held = []
        except OumiRuntimeError:
            raise
        except Exception as error:
            where = describe_row(self.dataset, max(number, 0))
            place = f"after {where}" if number >= 0 else where
            raise BadRowError(f"{place}: {in_one_line(error)}") from error
        if held:
            yield RawRows(held)

    def transform(self, row: Any) -> Any:
        """Converts an untransformed row of a block to a sample."""
        if isinstance(self.dataset, BaseIterableDataset):
            return self.dataset.transform(row)
        if isinstance(self.dataset, IterableDataset):
            return row
        return self.dataset[row]


def is_custom(dataset: ColumnDataset | TextColumns) -> bool:
    """Whether a subclass overrides how samples are made."""
    base = ColumnDataset if isinstance(dataset, ColumnDataset) else TextColumns
    return any(
        getattr(type(dataset), name, None) is not getattr(base, name, None)
        for name in ("__getitem__", "__len__", "take", "select")
    )
