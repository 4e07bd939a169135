"""Cuts a stream into steps, and has workers make the samples of many at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import NamedTuple

import torch

from oumi_runtime.core.datasets import (
    BatchMaker,
    Block,
    ColumnDataset,
    MadeBatch,
    Stream,
    regroup,
)
from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.datasets.rows.batch_maker import Row
from oumi_runtime.core.datasets.rows.reading import LeftOut
from oumi_runtime.core.datasets.rows.seeding import random_numbers_from, seed_of_part
from oumi_runtime.core.trainers.batches.length_groups import (
    group_by_length,
    lengths_of,
)
from oumi_runtime.core.trainers.batches.map_batches import split_evenly
from oumi_runtime.core.trainers.batches.ordered_workers import Loading, OrderedWorkers
from oumi_runtime.core.trainers.batches.usable_rows import BlockSamples, usable_columns
from oumi_runtime.exceptions import BadRowError, DataError

Step = list[MadeBatch]
"""The micro-batches of a step."""

_ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class _Unit:
    """The samples of this process in one or more steps."""

    block: Block
    places: torch.Tensor
    """Where each is among all samples of the pass, (samples,) int64."""
    sizes: list[list[int]]
    """For each step, the samples of its micro-batches; 0 for a stand-in, which is one
    sample of the block nevertheless."""
    seed: int


class _Part(NamedTuple):
    """The samples of a micro-batch among those of a unit."""

    start: int
    end: int
    is_real: bool
    left_out: tuple[LeftOut, ...]


_Columns = tuple[ColumnDataset, list[list[_Part]]]


class StepReader:
    """Makes the micro-batches of this process of the steps of a stream, on the CPU.

    Texts and columns are made samples for many steps at once, rows for one.
    """

    def __init__(
        self,
        stream: Stream,
        *,
        step_samples: int,
        batch_size: int,
        rank: int,
        world_size: int,
        loading: Loading,
        by_length: bool = False,
    ) -> None:
        """Takes the stream and how it is cut.

        Args:
            stream: What makes samples of its blocks.
            step_samples: Samples of a step in all processes together.
            batch_size: Samples of a micro-batch.
            rank: Which process this is.
            world_size: How many there are.
            loading: How many workers make the samples.
            by_length: Whether samples of similar length go into the same step.
        """
        self._stream = stream
        self._step_samples = step_samples
        self._batch_size = batch_size
        self._rank = rank
        self._world_size = world_size
        self._loading = loading
        self._by_length = by_length

    @property
    def steps_at_once(self) -> int:
        """The steps that are sorted by length together.

        Reading can only start at a multiple of this number.
        """
        return self._columns_at_once if self._by_length else 1

    @property
    def _columns_at_once(self) -> int:
        return max(1, _ROWS_AT_ONCE // self._step_samples)

    @cached_property
    def _row_workers(self) -> OrderedWorkers[Step]:
        return OrderedWorkers(
            _MakeBatches(self._stream, self._loading.bad_samples is not None),
            self._loading,
        )

    @cached_property
    def _column_workers(self) -> OrderedWorkers[_Columns]:
        return OrderedWorkers(
            _MakeColumns(self._stream, self._loading.bad_samples is not None),
            self._loading,
        )

    def steps(
        self, blocks: Iterator[Block], *, seed: int, start: int = 0
    ) -> Iterator[Step]:
        """Yields the micro-batches of each step.

        Args:
            blocks: The stream, from a step on, a multiple of `steps_at_once`.
            seed: What samples draw from, with their place, when they are made.
            start: The place of the first sample of `blocks` in the pass.
        """
        first = next(blocks, None)
        if first is None:
            return
        is_raw = self._stream.is_made_row_by_row(first)
        if self._by_length and (is_raw or lengths_of(first.data) is None):
            raise DataError(
                "training.group_by_length: the samples of this stream are not texts or "
                "sequences whose length is known as they are read; write false"
            )
        at_once = 1 if is_raw else self._columns_at_once
        run_samples = at_once * self._step_samples
        units = (
            self._unit(run, start + number * run_samples, seed)
            for number, run in enumerate(regroup(chain([first], blocks), run_samples))
        )
        if is_raw:
            yield from self._row_workers.map(units)
            return
        for samples, steps in self._column_workers.map(units):
            batches = _gather(samples, [part for parts in steps for part in parts])
            for parts in steps:
                yield [
                    MadeBatch(next(batches), part.is_real, part.left_out)
                    for part in parts
                ]

    def _order(self, run: Block, start: int, seed: int) -> torch.Tensor:
        """Returns the order of the samples of some steps, (samples,) int64."""
        order = torch.arange(len(run))
        lengths = lengths_of(run.data) if self._by_length else None
        if lengths is None:
            return order
        draws = torch.Generator().manual_seed(seed_of_part(seed, start))
        return group_by_length(order, lengths, self._step_samples, draws)

    def _unit(self, run: Block, start: int, seed: int) -> _Unit:
        chosen: list[torch.Tensor] = []
        sizes: list[list[int]] = []
        order = self._order(run, start, seed)
        for step in torch.split(order, self._step_samples):
            parts = split_evenly(step, self._batch_size, self._rank, self._world_size)
            chosen += [part if len(part) else step[:1] for part in parts]
            sizes.append([len(part) for part in parts])
        own = torch.cat(chosen)
        return _Unit(run.select(own), own + start, sizes, seed)


def _gather(samples: ColumnDataset, parts: Sequence[_Part]) -> Iterator[Batch]:
    """Returns the batch of each part, gathered at once if they are consecutive."""
    if [part.start for part in parts] == [0, *(part.end for part in parts[:-1])]:
        return samples.take_runs([part.end - part.start for part in parts])
    return (samples.take(torch.arange(part.start, part.end)) for part in parts)


class _MakeColumns:
    """Makes columns of a unit."""

    def __init__(self, stream: Stream, leaves_out_bad: bool) -> None:
        self._stream = stream
        self._leaves_out_bad = leaves_out_bad

    def __call__(self, unit: _Unit) -> _Columns:
        samples, bad = usable_columns(self._stream, unit.block, self._leaves_out_bad)
        if samples is None:
            raise BadRowError(str(bad[0]))
        if not isinstance(samples, ColumnDataset):
            raise DataError("texts need a tokenizer; set model.tokenizer_name")
        return samples, _parts(unit.sizes, bad)


def _parts(sizes: list[list[int]], bad: Mapping[int, LeftOut]) -> list[list[_Part]]:
    """Locates each micro-batch among the samples that were not left out."""
    steps: list[list[_Part]] = []
    row = start = 0
    for step in sizes:
        parts: list[_Part] = []
        for size in step:
            rows = range(row, row + max(size, 1))
            left_out = tuple(bad[each] for each in rows if each in bad)
            end = start + len(rows) - len(left_out)
            is_real = size > 0 and end > start
            first, last = (start, end) if end > start else (0, 1)
            parts.append(_Part(first, last, is_real, left_out))
            row, start = rows.stop, end
        steps.append(parts)
    return steps


class _MakeBatches:
    """Makes the batches of a unit of one step.

    A sample that is augmented at random is the same whoever makes it, and when.
    """

    def __init__(self, stream: Stream, leaves_out_bad: bool) -> None:
        self._stream = stream
        self._leaves_out_bad = leaves_out_bad

    def __call__(self, unit: _Unit) -> Step:
        maker = self._maker(unit.block)
        places: list[int] = unit.places.tolist()
        batches: Step = []
        start = 0
        for size in chain.from_iterable(unit.sizes):
            rows = []
            for index in range(start, start + max(size, 1)):
                with random_numbers_from(seed_of_part(unit.seed, places[index])):
                    rows.append(maker.reader[index])
            made = maker.make(rows, self._first_rows)
            batches.append(made._replace(is_real=made.is_real and size > 0))
            start += len(rows)
        return batches

    def _maker(self, block: Block) -> BatchMaker:
        return BatchMaker(
            BlockSamples(self._stream, block, self._leaves_out_bad),
            self._stream.collate,
            leaves_out_bad=self._leaves_out_bad,
        )

    def _first_rows(self) -> Iterator[Row]:
        """Yields the rows of the first pass, the same in every process."""
        for block in self._stream.blocks():
            reader = self._maker(block).reader
            for index in range(len(block)):
                with random_numbers_from(index):
                    yield reader[index]
