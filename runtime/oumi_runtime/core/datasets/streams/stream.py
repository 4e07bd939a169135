"""Streams: datasets that are read sequentially, mixed, and shuffled in a buffer.

The samples of a pass depend only on the seed and the number of the pass. Rows are read
in one process, but can be transformed in any.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

import torch
from torch.utils.data import Dataset, IterableDataset

from oumi_runtime.core.datasets.in_memory.columns import ColumnDataset
from oumi_runtime.core.datasets.in_memory.packing import gather_sequences, pack_stream
from oumi_runtime.core.datasets.in_memory.texts import TextColumns
from oumi_runtime.core.datasets.rows.collation import Collator
from oumi_runtime.core.datasets.rows.reading import describe_row, in_one_line
from oumi_runtime.core.datasets.streams.block_dataset import BlockDataset
from oumi_runtime.core.datasets.streams.blocks import Block, RawRows, cut, skip
from oumi_runtime.core.datasets.streams.mixing import mix_rows
from oumi_runtime.core.datasets.streams.order import mix_blocks
from oumi_runtime.core.datasets.streams.sources import StreamSource
from oumi_runtime.exceptions import BadRowError, BadSampleError

Prepare = Callable[[Any], Dataset[Any]]


class Stream(IterableDataset[Any]):
    """One or more datasets, read one after the other or mixed by weight."""

    def __init__(
        self,
        sources: Sequence[StreamSource],
        *,
        proportions: Sequence[float] | None = None,
        until_all: bool = False,
        seed: int = 0,
        prepare: Prepare | None = None,
        collate: Collator | None = None,
        block_size: int | None = None,
    ) -> None:
        """Initializes the stream.

        Args:
            sources: The datasets, at least one.
            proportions: The sampling weight of each dataset, all above 0. None reads
                one after the other.
            until_all: Whether a mixture continues until every dataset is exhausted,
                restarting those that end earlier; otherwise it ends with the first.
            seed: The random seed of the mixture.
            prepare: Converts texts, or a table that is not encoded, to a
                `ColumnDataset`; None leaves them unchanged.
            collate: Makes a batch from samples; None for the default collator.
            block_size: Tokens per block when packing samples; None for no packing.
        """
        one_by_one = any(source.gives_rows for source in sources)
        self.sources = [
            replace(source, row_by_row=True)
            if one_by_one and isinstance(source.dataset, ColumnDataset)
            else source
            for source in sources
        ]
        self.label_names: list[str] | None = getattr(
            sources[0].dataset, "label_names", None
        )
        self._proportions = proportions
        self._until_all = until_all
        self._seed = seed
        self.prepare = prepare
        self.collate = collate
        self.block_size = block_size

    def changed(
        self,
        *,
        prepare: Prepare | None = None,
        collate: Collator | None = None,
        block_size: int | None = None,
    ) -> "Stream":
        """Returns a copy with these parts; those that are None stay as they are."""
        changed = copy(self)
        changed.prepare = prepare or self.prepare
        changed.collate = collate or self.collate
        changed.block_size = block_size or self.block_size
        return changed

    @property
    def num_samples(self) -> int | None:
        """Number of samples in a pass; None if unknown without reading the data."""
        return self._total([source.num_samples for source in self.sources])

    def count_samples(self) -> int | None:
        """Like `num_samples`, but reads files once if necessary."""
        return self._total([source.count_samples() for source in self.sources])

    def _total(self, lengths: Sequence[int | None]) -> int | None:
        known = [length for length in lengths if length is not None]
        if len(known) < len(lengths) or self.block_size is not None:
            return None
        if self._proportions is None:
            return sum(known)
        rows, _ = mix_rows(
            known, self._proportions, until_all=self._until_all, seed=self._seed
        )
        return len(rows)

    def blocks(self, stream_pass: int = 0, start: int = 0) -> Iterator[Block]:
        """Iterates over the samples of a pass.

        Args:
            stream_pass: The number of the pass, from 0.
            start: The first sample, from 0. Earlier samples are read only if the order
                requires it, and never transformed.

        Raises:
            BadRowError: A row cannot be read.
            DataError: A dataset has no rows, or the datasets are incompatible.
        """
        if self.block_size is not None:
            return skip(self._packed(stream_pass, self.block_size), start)
        return self._ordered(stream_pass, start)

    def _packed(self, stream_pass: int, block_size: int) -> Iterator[Block]:
        parts = (
            samples
            if isinstance(samples, ColumnDataset)
            else gather_sequences(samples[index] for index in range(len(block)))
            for block in self._ordered(stream_pass, 0)
            for samples in (self.columns(block),)
        )
        number = 0
        for packed in pack_stream(parts, block_size):
            yield Block.of(packed, 0, number)
            number += len(packed)

    def _ordered(self, stream_pass: int, start: int) -> Iterator[Block]:
        if self._proportions is None:
            return self._one_after_the_other(stream_pass, start)
        readers = [
            partial(source.blocks, number, stream_pass)
            for number, source in enumerate(self.sources)
        ]
        mixed = mix_blocks(
            readers, self._proportions, until_all=self._until_all, seed=self._seed
        )
        return skip(mixed, start)

    def _one_after_the_other(self, stream_pass: int, start: int) -> Iterator[Block]:
        for number, source in enumerate(self.sources):
            length = source.num_samples if start else None
            if length is not None and length <= start:
                start -= length
                continue
            is_last = number == len(self.sources) - 1
            if source.can_start_anywhere and (length is not None or is_last):
                yield from source.blocks(number, stream_pass, start)
                start = 0
                continue
            for block in source.blocks(number, stream_pass):
                left = block.slice(min(start, len(block)))
                start = max(0, start - len(block))
                if len(left):
                    yield left

    def endless(self, start: int = 0) -> Iterator[Block]:
        """Iterates over one pass after another, indefinitely; see `blocks`."""
        for stream_pass in count():
            for block in self.blocks(stream_pass):
                left = block.slice(min(start, len(block)))
                start = max(0, start - len(block))
                if len(left):
                    yield left

    def columns(self, block: Block) -> Dataset[Any]:
        """Returns the samples of a block as a map-style dataset.

        It is a `ColumnDataset` if the block holds texts or columns.

        Raises:
            BadRowError: A text cannot be converted to a sample.
        """
        if isinstance(block.data, RawRows):
            return StreamedRows(self, block)
        if self.prepare is None or _is_prepared(block.data):
            return block.data
        try:
            return self.prepare(block.data)
        except BadSampleError as error:
            where = self.describe(block, error.sample)
            raise BadRowError(f"{where}: {error.reason}") from error

    def is_made_row_by_row(self, block: Block) -> bool:
        """Whether samples of a block are collated one by one rather than gathered."""
        return self.collate is not None or isinstance(block.data, RawRows)

    def locate(self, block: Block, index: int) -> tuple[Dataset[Any], int]:
        """Returns the dataset that a sample of a block comes from, and its row."""
        source = self.sources[int(block.sources[index])]
        return source.dataset, int(block.rows[index])

    def describe(self, block: Block, index: int) -> str:
        """Describes the row and dataset that a sample of a block comes from."""
        return describe_row(*self.locate(block, index))

    def first_texts(self, count: int) -> TextColumns | None:
        """Returns the first samples of a pass; None if they are not texts."""
        held = [block.data for block in cut(self._ordered(0, 0), count)]
        texts = [data for data in held if isinstance(data, TextColumns)]
        return texts[0].joined(texts[1:]) if texts else None

    def distinct_labels(self) -> list[int | str]:
        """Returns the distinct labels of the texts of all datasets."""
        found: dict[int | str, None] = {}
        for source in self.sources:
            if isinstance(source.dataset, BlockDataset):
                found.update(dict.fromkeys(source.dataset.distinct_labels()))
            elif isinstance(source.dataset, TextColumns):
                found.update(dict.fromkeys(source.dataset.all_labels))
        return list(found)

    def __iter__(self) -> Iterator[Any]:
        for block in self.blocks():
            samples = self.columns(block)
            for index in range(len(block)):
                yield samples[index]


def _is_prepared(data: TextColumns | ColumnDataset) -> bool:
    return isinstance(data, ColumnDataset) and data.table_columns is None


class StreamedRows(Dataset[Any]):
    """The samples of a block whose rows are transformed one by one."""

    def __init__(self, stream: Stream, block: Block) -> None:
        """Initializes the dataset from a block of `RawRows`."""
        self._stream = stream
        self._block = block
        assert isinstance(block.data, RawRows)
        self._rows = block.data.rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Any:
        source = self._stream.sources[int(self._block.sources[index])]
        try:
            return source.transform(self._rows[index])
        except BadRowError:
            raise
        except Exception as error:
            where = self._stream.describe(self._block, index)
            raise BadRowError(f"{where}: {in_one_line(error)}") from error

    def locate(self, index: int) -> tuple[Dataset[Any], int]:
        """Returns the dataset a sample comes from, and its row there, from 0."""
        return self._stream.locate(self._block, index)


class ReadRows(Dataset[Any]):
    """The samples of a stream as a map-style dataset, read all at once."""

    def __init__(self, stream: Stream) -> None:
        """Reads one whole pass.

        Raises:
            BadRowError: A row cannot be read.
            DataError: The stream has no rows.
        """
        self.label_names = stream.label_names
        self._stream = stream
        self._blocks = list(stream.blocks())
        self._samples: list[Any] = [stream.columns(block) for block in self._blocks]
        self._ends = torch.tensor([*map(len, self._blocks)]).cumsum(0)

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, index: int) -> Any:
        number, row = self._place(index)
        return self._samples[number][row]

    def _place(self, index: int) -> tuple[int, int]:
        """Returns the number of the block of a sample, and its index there."""
        if not 0 <= index < len(self):
            raise IndexError(f"sample {index} of {len(self)}")
        number = int(torch.searchsorted(self._ends, index, right=True))
        start = int(self._ends[number - 1]) if number else 0
        return number, index - start

    def locate(self, index: int) -> tuple[Dataset[Any], int]:
        """Returns the dataset a sample comes from, and its row there, from 0."""
        number, row = self._place(index)
        return self._stream.locate(self._blocks[number], row)
