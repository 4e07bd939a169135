"""Samples of a stream that were read together, and where each of them comes from.

A stream is gone through in blocks, because a loop over single rows would be slower than
the training. What blocks hold is columns, texts, or rows that are not transformed yet.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from oumi_runtime.core.datasets.columns import ColumnDataset
from oumi_runtime.core.datasets.concatenation import concatenate
from oumi_runtime.core.datasets.text_dataset import TextColumns
from oumi_runtime.exceptions import DataError

ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class RawRows:
    """Rows that each have to be made a sample."""

    rows: list[Any]

    def __len__(self) -> int:
        return len(self.rows)

    def select(self, indices: torch.Tensor) -> "RawRows":
        """The rows alone that are asked for, in the order asked for."""
        numbers: list[int] = indices.tolist()
        return RawRows([self.rows[number] for number in numbers])


BlockData = TextColumns | ColumnDataset | RawRows


@dataclass(frozen=True)
class Block:
    """Some samples in the order of a stream."""

    data: BlockData
    sources: torch.Tensor
    """Which of the stream's datasets each is from, (samples,) int64."""
    rows: torch.Tensor
    """Its row there, from 0, (samples,) int64."""

    @classmethod
    def of(cls, data: BlockData, source: int, first_row: int) -> "Block":
        """A block of rows that follow each other in one dataset."""
        return cls(
            data,
            torch.full((len(data),), source),
            torch.arange(first_row, first_row + len(data)),
        )

    def __len__(self) -> int:
        return len(self.rows)

    def select(self, indices: torch.Tensor) -> "Block":
        """The samples alone that are asked for, in the order asked for.

        Args:
            indices: Which samples, (samples,) int64; each may come more than once.
        """
        return Block(
            self.data.select(indices), self.sources[indices], self.rows[indices]
        )

    def slice(self, start: int, end: int | None = None) -> "Block":
        """The samples from one place to before another."""
        end = len(self) if end is None else min(end, len(self))
        return (
            self
            if (start, end) == (0, len(self))
            else self.select(torch.arange(start, end))
        )


def join(blocks: Sequence[Block]) -> Block:
    """Blocks one after the other, as one.

    Raises:
        DataError: They are of different kinds or columns.
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
        "the datasets of a split must be of one kind; name those that all give texts, "
        "or all give tensors"
    )


def regroup(blocks: Iterable[Block], size: int) -> Iterator[Block]:
    """Cuts and joins blocks to an equal size; the last may be smaller.

    Args:
        blocks: Blocks of any sizes.
        size: Samples of a block, at least 1.
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
    """Leaves out the first samples of a stream."""
    for block in blocks:
        if count < len(block):
            yield block.slice(count)
        count = max(0, count - len(block))


def cut(blocks: Iterable[Block], count: int) -> Iterator[Block]:
    """Ends a stream after some samples, without reading what follows."""
    if count < 1:
        return
    for block in blocks:
        yield block.slice(0, count)
        count -= len(block)
        if count < 1:
            return
