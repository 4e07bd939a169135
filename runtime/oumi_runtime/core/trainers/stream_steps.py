"""Cuts a stream into steps, and has workers make the samples of many at once."""

import pickle
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeVar

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from oumi_runtime.core.datasets import (
    Block,
    ColumnDataset,
    RowCollator,
    RowReader,
    Stream,
    regroup,
)
from oumi_runtime.core.datasets.columns import Batch
from oumi_runtime.core.trainers.batches import Loading, split_evenly
from oumi_runtime.exceptions import DataError

T = TypeVar("T")
Step = list[tuple[Batch, bool]]
"""The micro-batches of a step, and whether each is more than a stand-in."""

_ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class _Unit:
    """The samples of this process in one or more steps."""

    block: Block
    sizes: list[list[int]]
    """For each step, the samples of its micro-batches; 0 for a stand-in, which is one
    sample of the block nevertheless."""
    seed: int


def read_steps(
    stream: Stream,
    blocks: Iterator[Block],
    *,
    step_samples: int,
    batch_size: int,
    rank: int,
    world_size: int,
    loading: Loading,
    seed: int,
) -> Iterator[Step]:
    """Yields the micro-batches of each step of a stream on the CPU.

    Texts and columns are made samples for many steps at once, rows for one.

    Args:
        stream: What makes samples of the blocks.
        blocks: The stream, from the first step on.
        step_samples: Samples of a step in all processes together.
        batch_size: Samples of a micro-batch.
        rank: Which process this is.
        world_size: How many there are.
        loading: How many workers make the samples.
        seed: What samples draw from, with their place, when they are made.

    Yields:
        For each micro-batch its columns, and whether it is more than a stand-in.
    """
    first = next(blocks, None)
    if first is None:
        return
    is_raw = stream.is_made_row_by_row(first)
    steps_at_once = 1 if is_raw else max(1, _ROWS_AT_ONCE // step_samples)
    runs = regroup(chain([first], blocks), steps_at_once * step_samples)
    units = (
        _unit(run, step_samples, batch_size, rank, world_size, seed + number)
        for number, run in enumerate(runs)
    )
    if is_raw:
        yield from _map_in_order(_MakeBatches(stream), units, loading)
        return
    for samples, sizes in _map_in_order(_MakeColumns(stream), units, loading):
        yield from _take(samples, sizes)


def _unit(
    run: Block,
    step_samples: int,
    batch_size: int,
    rank: int,
    world_size: int,
    seed: int,
) -> _Unit:
    chosen: list[torch.Tensor] = []
    sizes: list[list[int]] = []
    for step in torch.split(torch.arange(len(run)), step_samples):
        parts = split_evenly(step, batch_size, rank, world_size)
        chosen += [part if len(part) else step[:1] for part in parts]
        sizes.append([len(part) for part in parts])
    return _Unit(run.select(torch.cat(chosen)), sizes, seed)


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
    """Makes the batches of a unit of one step."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def __call__(self, unit: _Unit) -> Step:
        samples = self._stream.columns(unit.block)
        reader, collate = RowReader(samples), RowCollator(samples, self._stream.collate)
        (step,) = unit.sizes
        batches: Step = []
        start = 0
        with _Seeded(unit.seed):
            for size in step:
                end = start + max(size, 1)
                rows = [reader[index] for index in range(start, end)]
                batches.append((collate(rows), size > 0))
                start = end
        return batches


class _Seeded:
    """Draws from a seed in a block, whoever runs it, and goes on as before after it."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __enter__(self) -> None:
        self._states = random.getstate(), np.random.get_state(), torch.get_rng_state()
        random.seed(self._seed)
        np.random.seed(self._seed % 2**32)
        torch.default_generator.manual_seed(self._seed)

    def __exit__(self, *error: object) -> None:
        python, numpy, own = self._states
        random.setstate(python)
        np.random.set_state(numpy)
        torch.set_rng_state(own)


class _Mapped(Dataset[bytes]):
    """Lets a data loader's workers call a function."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function

    def __getitem__(self, item: Any) -> bytes:
        # Tensors that are sent as such keep a file open each.
        return pickle.dumps(self._function(item), protocol=pickle.HIGHEST_PROTOCOL)


def _map_in_order(
    function: Callable[[Any], T], items: Iterator[Any], loading: Loading
) -> Iterator[T]:
    """The function of each item, by workers where there are any."""
    if loading.num_workers == 0:
        yield from map(function, items)
        return
    loader: Iterable[bytes] = DataLoader(
        _Mapped(function),
        sampler=items,
        batch_size=None,
        num_workers=loading.num_workers,
        prefetch_factor=loading.prefetch_factor,
        # Without one it would draw from the stream that dropout uses.
        generator=torch.Generator().manual_seed(0),
    )
    for made in loader:
        yield pickle.loads(made)
