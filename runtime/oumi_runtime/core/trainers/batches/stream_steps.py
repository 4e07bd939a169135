"""Cuts a stream into steps, and has workers make the samples of many at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import torch

from oumi_runtime.core.datasets import (
    Block,
    ColumnDataset,
    RowCollator,
    RowReader,
    Stream,
    regroup,
)
from oumi_runtime.core.datasets.columns import Batch
from oumi_runtime.core.datasets.seeded_rows import random_numbers_from
from oumi_runtime.core.trainers.batches.map_batches import Loading, split_evenly
from oumi_runtime.core.trainers.batches.ordered_workers import OrderedWorkers
from oumi_runtime.exceptions import DataError

Step = list[tuple[Batch, bool]]
"""The micro-batches of a step, and whether each is more than a stand-in."""

_ROWS_AT_ONCE = 4096
_PRIME = 1_000_003


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
    ) -> None:
        """Takes the stream and how it is cut.

        Args:
            stream: What makes samples of its blocks.
            step_samples: Samples of a step in all processes together.
            batch_size: Samples of a micro-batch.
            rank: Which process this is.
            world_size: How many there are.
            loading: How many workers make the samples.
        """
        self._stream = stream
        self._step_samples = step_samples
        self._batch_size = batch_size
        self._rank = rank
        self._world_size = world_size
        self._loading = loading

    @cached_property
    def _row_workers(self) -> OrderedWorkers[Step]:
        return OrderedWorkers(_MakeBatches(self._stream), self._loading)

    @cached_property
    def _column_workers(self) -> OrderedWorkers[tuple[ColumnDataset, list[list[int]]]]:
        return OrderedWorkers(_MakeColumns(self._stream), self._loading)

    def steps(
        self, blocks: Iterator[Block], *, seed: int, start: int = 0
    ) -> Iterator[Step]:
        """Yields the micro-batches of each step.

        Args:
            blocks: The stream, from a step on.
            seed: What samples draw from, with their place, when they are made.
            start: The place of the first sample of `blocks` in the pass.
        """
        first = next(blocks, None)
        if first is None:
            return
        is_raw = self._stream.is_made_row_by_row(first)
        at_once = 1 if is_raw else max(1, _ROWS_AT_ONCE // self._step_samples)
        run_samples = at_once * self._step_samples
        units = (
            self._unit(run, start + number * run_samples, seed)
            for number, run in enumerate(regroup(chain([first], blocks), run_samples))
        )
        if is_raw:
            yield from self._row_workers.map(units)
            return
        for samples, sizes in self._column_workers.map(units):
            yield from _take(samples, sizes)

    def _unit(self, run: Block, start: int, seed: int) -> _Unit:
        chosen: list[torch.Tensor] = []
        sizes: list[list[int]] = []
        for step in torch.split(torch.arange(len(run)), self._step_samples):
            parts = split_evenly(step, self._batch_size, self._rank, self._world_size)
            chosen += [part if len(part) else step[:1] for part in parts]
            sizes.append([len(part) for part in parts])
        own = torch.cat(chosen)
        return _Unit(run.select(own), own + start, sizes, seed)


def _take(samples: ColumnDataset, sizes: list[list[int]]) -> Iterator[Step]:
    start = 0
    for step in sizes:
        batches: Step = []
        for size in step:
            end = start + max(size, 1)
            batches.append((samples.take(torch.arange(start, end)), size > 0))
            start = end
        yield batches


class _MakeColumns:
    """Makes columns of a unit."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def __call__(self, unit: _Unit) -> tuple[ColumnDataset, list[list[int]]]:
        samples = self._stream.columns(unit.block)
        if not isinstance(samples, ColumnDataset):
            raise DataError("texts need a tokenizer; set model.tokenizer_name")
        return samples, unit.sizes


class _MakeBatches:
    """Makes the batches of a unit of one step.

    A sample that is augmented at random is the same whoever makes it, and when.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def __call__(self, unit: _Unit) -> Step:
        samples = self._stream.columns(unit.block)
        reader, collate = RowReader(samples), RowCollator(samples, self._stream.collate)
        places: list[int] = unit.places.tolist()
        batches: Step = []
        start = 0
        for size in chain.from_iterable(unit.sizes):
            rows = []
            for index in range(start, start + max(size, 1)):
                with random_numbers_from(unit.seed * _PRIME + places[index]):
                    rows.append(reader[index])
            batches.append((collate(rows), size > 0))
            start += len(rows)
        return batches
