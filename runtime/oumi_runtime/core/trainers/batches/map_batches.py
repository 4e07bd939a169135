"""Batches of map-style datasets.

The order of the samples depends only on (seed, epoch). A step's global batch is a slice
of that order; each process takes its part of the slice, and cuts it into the
micro-batches that the step accumulates.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sized
from itertools import chain, tee
from typing import Any, cast

import torch
from torch.utils.data import Dataset

from oumi_runtime.core.datasets import BatchMaker, ColumnDataset, MadeBatch
from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.datasets.rows.batch_maker import Row
from oumi_runtime.core.datasets.rows.seeding import SeededRows, seed_of_part
from oumi_runtime.core.distributed import get_rank, get_world_size
from oumi_runtime.core.trainers.batches.copying import copied
from oumi_runtime.core.trainers.batches.device_columns import DeviceColumns
from oumi_runtime.core.trainers.batches.length_groups import group_by_length
from oumi_runtime.core.trainers.batches.micro_batches import (
    MicroBatch,
    count_targets,
    weigh,
)
from oumi_runtime.core.trainers.batches.ordered_workers import Loading, OrderedWorkers


def count_samples(dataset: Dataset[Any]) -> int:
    """Returns the length of a map-style dataset."""
    return len(cast(Sized, dataset))


def epoch_order(num_samples: int, seed: int, epoch: int) -> torch.Tensor:
    """Returns the shuffled sample indices of an epoch, (num_samples,) int64."""
    return torch.randperm(num_samples, generator=_generator(seed, epoch))


def _generator(seed: int, epoch: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed_of_part(seed, epoch))


class TrainBatches:
    """The micro-batches of every step of every epoch, on the device."""

    def __init__(
        self,
        dataset: Dataset[Any],
        *,
        batch_size: int,
        accumulation_steps: int,
        seed: int,
        device: torch.device,
        loading: Loading | None = None,
        ignore_index: int | None = None,
        num_repeated_steps: int = 0,
        lengths: torch.Tensor | None = None,
        rank: int | None = None,
        world_size: int | None = None,
    ) -> None:
        """Initializes the batches.

        Args:
            dataset: A map-style dataset. A `ColumnDataset` is indexed in this process;
                any other is read sample by sample and collated, by workers if asked,
                with its own `collate` if it has one.
            batch_size: Samples in a micro-batch.
            accumulation_steps: Micro-batches in a step, on each process.
            seed: The seed for the order of the samples.
            device: The device of the batches.
            loading: How to load samples one by one.
            ignore_index: A label that losses ignore, besides negative ones.
            num_repeated_steps: Repeat only this many steps of the first epoch; 0 uses
                all samples, in a new order each epoch.
            lengths: The length of each sample, (samples,) int64, to group samples of
                similar length; None for no grouping.
            rank: The rank of this process; None asks torch.distributed.
            world_size: The number of processes; None asks torch.distributed.
        """
        self._rank = get_rank() if rank is None else rank
        world_size = get_world_size() if world_size is None else world_size
        self._world_size = world_size
        self.dataset = dataset
        self.num_samples = count_samples(dataset)
        self.step_samples = batch_size * accumulation_steps * world_size
        self._is_repeated = num_repeated_steps > 0
        if self._is_repeated:
            repeated = num_repeated_steps * self.step_samples
            self.num_samples = min(self.num_samples, repeated)
        self.steps_per_epoch = -(-self.num_samples // self.step_samples)
        self.seed = seed
        self._batch_size = batch_size
        self._lengths = lengths
        self._device = device
        self.loading = loading or Loading()
        self.ignore_index = ignore_index
        self._workers = row_workers(dataset, self.loading)

    def indices(self, epoch: int, step: int) -> list[int]:
        """Returns the dataset indices of this process's samples in a step."""
        batches = next(self._cut(self._order(epoch), step))
        return [index for batch in batches for index in batch.tolist()]

    def _order(self, epoch: int) -> torch.Tensor:
        """Returns the sample indices of an epoch in order, (num_samples,) int64."""
        number = 0 if self._is_repeated else epoch
        order = epoch_order(count_samples(self.dataset), self.seed, number)
        if self._lengths is not None:
            draws = _generator(-1 - self.seed, number)  # Independent of the order.
            order = group_by_length(order, self._lengths, self.step_samples, draws)
        return order[: self.num_samples]

    def epoch(self, epoch: int, start_step: int = 0) -> Iterator[list[MicroBatch]]:
        """Yields the micro-batches of each step.

        Args:
            epoch: The number of the epoch, from 0.
            start_step: The first step; samples before it are not read.
        """
        # Loading runs some steps ahead.
        steps, ahead = tee(self._cut(self._order(epoch), start_step))
        batches = load_batches(
            self.dataset,
            chain.from_iterable(ahead),
            device=self._device,
            loading=self.loading,
            seed=seed_of_part(self.seed, epoch),
            workers=self._workers,
        )
        for step in steps:
            made = [next(batches) for _ in step]
            is_real = [
                each.is_real and indices.numel() > 0
                for each, indices in zip(made, step, strict=True)
            ]
            columns = [each.columns for each in made]
            yield weigh(columns, is_real, self.ignore_index)

    def _cut(
        self, order: torch.Tensor, start_step: int
    ) -> Iterator[list[torch.Tensor]]:
        """Yields this process's batches of each step, as indices."""
        start = start_step * self.step_samples
        for begin in range(start, order.numel(), self.step_samples):
            part = order[begin : begin + self.step_samples]
            yield split_evenly(part, self._batch_size, self._rank, self._world_size)


class EvalBatches(Iterable[MicroBatch]):
    """This process's part of the samples, in the order of the dataset, on the device.

    The weight of a batch is its number of targets.
    """

    def __init__(
        self,
        dataset: Dataset[Any],
        *,
        batch_size: int,
        device: torch.device,
        loading: Loading | None = None,
        ignore_index: int | None = None,
        max_batches: int | None = None,
    ) -> None:
        """Initializes the batches; see `TrainBatches`.

        Args:
            dataset: A map-style dataset.
            batch_size: Samples in a batch.
            device: The device of the batches.
            loading: How to load samples one by one.
            ignore_index: A label that losses ignore, besides negative ones.
            max_batches: The maximum number of batches on each process; all if None.
        """
        self.num_samples = count_samples(dataset)
        if max_batches is not None:
            most = max_batches * batch_size * get_world_size()
            self.num_samples = min(self.num_samples, most)
        self.dataset = dataset
        self._device = device
        self.loading = loading or Loading()
        self.ignore_index = ignore_index
        self._batches = split_evenly(
            torch.arange(self.num_samples), batch_size, get_rank(), get_world_size()
        )
        self._workers = row_workers(dataset, self.loading)

    def __iter__(self) -> Iterator[MicroBatch]:
        batches = load_batches(
            self.dataset,
            self._batches,
            device=self._device,
            loading=self.loading,
            workers=self._workers,
        )
        for made, indices in zip(batches, self._batches, strict=True):
            is_real = made.is_real and indices.numel() > 0
            num_targets = count_targets(made.columns, self.ignore_index)
            yield MicroBatch(made.columns, num_targets if is_real else 0.0)


def split_evenly(
    indices: torch.Tensor, batch_size: int, rank: int, world_size: int
) -> list[torch.Tensor]:
    """Cuts a process's part of some samples into batches, equally many on each process.

    Processes wait for each other in every batch, so one that has run out of samples
    gets empty batches.

    Args:
        indices: The samples of all processes, (samples,) int64, not empty.
        batch_size: Samples in a batch.
        rank: The rank of this process.
        world_size: The number of processes.
    """
    if world_size == 1 and indices.numel() <= batch_size:
        return [indices]
    parts = indices.tensor_split(world_size)
    num_batches = -(-len(parts[0]) // batch_size)
    batches = list(torch.split(parts[rank], batch_size))
    if len(parts[rank]) == 0:
        batches = []
    return batches + [indices[:0]] * (num_batches - len(batches))


def load_batches(
    dataset: Dataset[Any],
    index_batches: Iterable[torch.Tensor],
    *,
    device: torch.device,
    loading: Loading,
    seed: int = 0,
    workers: OrderedWorkers[MadeBatch] | None = None,
) -> Iterator[MadeBatch]:
    """Yields a batch on the device for each tensor of indices.

    An empty tensor of indices yields the first sample as a stand-in. Skipped samples
    are counted when their batch is yielded, however far ahead it was loaded.

    Args:
        dataset: The dataset to read.
        index_batches: The indices of each batch, (samples,) int64.
        device: The device of the batches.
        loading: How to load samples one by one.
        seed: The seed for random augmentation.
        workers: Workers from `row_workers` to reuse.
    """
    stand_in = torch.tensor([0])
    index_batches = (each if each.numel() else stand_in for each in index_batches)
    if isinstance(dataset, DeviceColumns):
        yield from map(MadeBatch, dataset.take_each(index_batches))
        return
    if isinstance(dataset, ColumnDataset):
        yield from map(MadeBatch, copied(map(dataset.take, index_batches), device))
        return
    workers = workers or row_workers(dataset, loading)
    made: deque[MadeBatch] = deque()

    def kept(batches: Iterator[MadeBatch]) -> Iterator[Batch]:
        for each in batches:
            made.append(each)
            yield each.columns

    items = ((indices.tolist(), seed) for indices in index_batches)
    for columns in copied(kept(workers.map(items)), device):
        _, is_real, left_out = made.popleft()
        if loading.bad_samples is not None:
            loading.bad_samples.leave_out(left_out)
        yield MadeBatch(columns, is_real, left_out)


def row_workers(dataset: Dataset[Any], loading: Loading) -> OrderedWorkers[MadeBatch]:
    """Returns workers that load the batches of a dataset that is not in memory."""
    return OrderedWorkers(_ReadBatch(dataset, loading.bad_samples is not None), loading)


class _ReadBatch:
    """Loads the samples of a batch and collates them."""

    def __init__(self, dataset: Dataset[Any], leaves_out_bad: bool) -> None:
        self._maker = BatchMaker(dataset, leaves_out_bad=leaves_out_bad)
        self._num_samples = count_samples(dataset)

    def __call__(self, item: tuple[list[int], int]) -> MadeBatch:
        indices, seed = item
        rows = SeededRows(self._maker.reader, seed)

        def others() -> Iterator[Row]:
            for index in range(self._num_samples):
                yield from rows.__getitems__([index])

        return self._maker.make(rows.__getitems__(indices), others)
