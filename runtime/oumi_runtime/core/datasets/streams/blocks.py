"""Blocks: samples of a stream that were read together, and their origins.

Streams are processed in blocks, because a loop over single rows would be slower than
training. A block holds columns, texts, or untransformed rows.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from oumi_runtime.core.datasets.in_memory.columns import ColumnDataset
from oumi_runtime.core.datasets.in_memory.concatenation import concatenate
from oumi_runtime.core.datasets.in_memory.texts import TextColumns
from oumi_runtime.exceptions import DataError

ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class RawRows:
    """Rows that have yet to be transformed to samples."""

    rows: list[Any]

    def __len__(self) -> int:
        return len(self.rows)

    def select(self, indices: torch.Tensor) -> "RawRows":
        """Returns the selected rows, in the given order."""
        numbers: list[int] = indices.tolist()
        return RawRows([self.rows[number] for number in numbers])


BlockData = TextColumns | ColumnDataset | RawRows


@dataclass(frozen=True)
class Block:
    """Consecutive samples of a stream."""

    data: BlockData
    sources: torch.Tensor
    """The dataset that each sample comes from, (samples,) int64."""
    rows: torch.Tensor
    """The row of each sample in its dataset, from 0, (samples,) int64."""

    @classmethod
    def of(cls, data: BlockData, source: int, first_row: int) -> "Block":
        """Makes a block of consecutive rows of one dataset."""
        return cls(
            data,
            torch.full((len(data),), source),
            torch.arange(first_row, first_row + len(data)),
        )

    def __len__(self) -> int:
        return len(self.rows)

    def select(self, indices: torch.Tensor) -> "Block":
        """Returns the selected samples, in the given order.

        Args:
            indices: Sample indices, (samples,) int64; may contain duplicates.
        """
        return Block(
            self.data.select(indices), self.sources[indices], self.rows[indices]
        )

    def slice(self, start: int, end: int | None = None) -> "Block":
        """Returns the samples from `start` up to, but excluding, `end`."""
        end = len(self) if end is None else min(end, len(self))
        return (
            self
            if (start, end) == (0, len(self))
            else self.select(torch.arange(start, end))
        )


def join(blocks: Sequence[Block]) -> Block:
    """Concatenates blocks.

    Raises:
        DataError: The blocks differ in kind or columns.
    """
    if len(blocks) == 1:
        return blocks[0]
    return Block(
        _join_data([block.data for block in blocks]),
        torch.cat([block.sources for block in blocks]),
        torch.cat([block.rows for block in blocks]),
    )


def _join_data(parts: Sequence[BlockData]) -> BlockData:
    columns = [part for part in parts if isinstance(part, ColumnDataset)]
    texts = [part for part in parts if isinstance(part, TextColumns)]
    raw = [part for part in parts if isinstance(part, RawRows)]
    if len(columns) == len(parts):
        return concatenate(columns)
    if len(raw) == len(parts):
        return RawRows([row for part in raw for row in part.rows])
    if len(texts) == len(parts):
        return texts[0].joined(texts[1:])
    raise DataError(
        "the datasets of a split must be of one kind; use only datasets of texts, or "
        "only datasets of tensors"
    )


def regroup(blocks: Iterable[Block], size: int) -> Iterator[Block]:
    """Regroups samples into blocks of equal size; the last may be smaller.

    Args:
        blocks: Blocks of any sizes.
        size: Samples per block, at least 1.
    """
    held: list[Block] = []
    num_held = 0
    for block in blocks:
        start = 0
        while num_held + len(block) - start >= size:
            end = start + size - num_held
            yield join([*held, block.slice(start, end)])
            held, num_held, start = [], 0, end
        if start < len(block):
            held.append(block.slice(start))
            num_held += len(block) - start
    if held:
        yield join(held)


def skip(blocks: Iterable[Block], count: int) -> Iterator[Block]:
    """Skips the first `count` samples of a stream."""
    for block in blocks:
        if count < len(block):
            yield block.slice(count)
        count = max(0, count - len(block))


def cut(blocks: Iterable[Block], count: int) -> Iterator[Block]:
    """Ends a stream after `count` samples, without reading further."""
    if count < 1:
        return
    for block in blocks:
        yield block.slice(0, count)
        count -= len(block)
        if count < 1:
            return
