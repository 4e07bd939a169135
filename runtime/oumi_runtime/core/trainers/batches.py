"""Which samples a step sees, and the batches made of them.

The order of the samples depends on (seed, epoch) alone. A step's global batch is a
slice of that order, a process takes its part of the slice, and the part is cut into the
micro-batches that a step accumulates.
"""

from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, NamedTuple, cast

import torch
from torch.utils.data import Dataset

from oumi_runtime.core.datasets import ColumnDataset, RowCollator, RowReader
from oumi_runtime.core.datasets.columns import Batch
from oumi_runtime.core.datasets.seeded_rows import SeededRows
from oumi_runtime.core.distributed import all_reduce_sum, get_rank, get_world_size
from oumi_runtime.core.trainers.copying import copied
from oumi_runtime.core.trainers.ordered_workers import Loading as Loading
from oumi_runtime.core.trainers.ordered_workers import OrderedWorkers


def count_samples(dataset: Dataset[Any]) -> int:
    """The length of a map-style dataset, which torch's type does not promise."""
    return len(cast(Sized, dataset))


def epoch_order(num_samples: int, seed: int, epoch: int) -> torch.Tensor:
    """The shuffled sample indices of an epoch, (num_samples,) int64."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    return torch.randperm(num_samples, generator=generator)


class MicroBatch(NamedTuple):
    """What a model sees at once, and how much of the step's mean loss it is."""

    columns: Batch
    weight: torch.Tensor | float
    """0.0 for a sample that stands in where a process has run out of its own."""


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
        rank: int | None = None,
        world_size: int | None = None,
    ) -> None:
        """Takes the dataset and how it is cut.

        Args:
            dataset: A map-style dataset. A `ColumnDataset` is gathered in this process;
                any other is read sample by sample and collated, by workers if asked,
                with its own `collate` where it has one.
            batch_size: Samples in a micro-batch.
            accumulation_steps: Micro-batches in a step, on each process.
            seed: Seed of the order.
            device: Where the batches go.
            loading: How samples are read one by one.
            ignore_index: A label that no loss counts, besides the negative ones.
            rank: Which process this is; as torch.distributed says if None.
            world_size: How many there are, likewise.
        """
        self._rank = get_rank() if rank is None else rank
        world_size = get_world_size() if world_size is None else world_size
        self._world_size = world_size
        self.dataset = dataset
        self.num_samples = count_samples(dataset)
        self.step_samples = batch_size * accumulation_steps * world_size
        self.steps_per_epoch = -(-self.num_samples // self.step_samples)
        self.seed = seed
        self._batch_size = batch_size
        self._device = device
        self.loading = loading or Loading()
        self.ignore_index = ignore_index
        self._workers = row_workers(dataset, self.loading)

    def indices(self, epoch: int, step: int) -> list[int]:
        """The samples of this process in a step, by their indices in the dataset."""
        order = epoch_order(self.num_samples, self.seed, epoch)
        part = torch.split(order, self.step_samples)[step]
        batches = split_evenly(part, self._batch_size, self._rank, self._world_size)
        return [index for batch in batches for index in batch.tolist()]

    def epoch(self, epoch: int, start_step: int = 0) -> Iterator[list[MicroBatch]]:
        """Yields the micro-batches of each step.

        Args:
            epoch: Which epoch, from 0.
            start_step: The step to begin with; those before it are not read.
        """
        order = epoch_order(self.num_samples, self.seed, epoch)
        steps = [
            split_evenly(part, self._batch_size, self._rank, self._world_size)
            for part in torch.split(order, self.step_samples)[start_step:]
        ]
        batches = load_batches(
            self.dataset,
            [indices for step in steps for indices in step],
            device=self._device,
            loading=self.loading,
            seed=self.seed * 1_000_003 + epoch,
            workers=self._workers,
        )
        for step in steps:
            columns = [next(batches) for _ in step]
            is_real = [len(indices) > 0 for indices in step]
            yield weigh(columns, is_real, self.ignore_index)


class EvalBatches(Iterable[MicroBatch]):
    """This process's part of all samples, in the dataset's own order, on the device.

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
    ) -> None:
        """Takes the dataset and how it is cut; see `TrainBatches`."""
        self.num_samples = count_samples(dataset)
        self._dataset = dataset
        self._device = device
        self.loading = loading or Loading()
        self.ignore_index = ignore_index
        self._batches = split_evenly(
            torch.arange(self.num_samples), batch_size, get_rank(), get_world_size()
        )
        self._workers = row_workers(dataset, self.loading)

    def __iter__(self) -> Iterator[MicroBatch]:
        batches = load_batches(
            self._dataset,
            self._batches,
            device=self._device,
            loading=self.loading,
            workers=self._workers,
        )
        for columns, indices in zip(batches, self._batches, strict=True):
            is_real = len(indices) > 0
            num_targets = count_targets(columns, self.ignore_index)
            yield MicroBatch(columns, num_targets if is_real else 0.0)


def split_evenly(
    indices: torch.Tensor, batch_size: int, rank: int, world_size: int
) -> list[torch.Tensor]:
    """Cuts a process's part of some samples into batches, as many in every process.

    The processes wait for each other in every batch, so one that has run out of samples
    gets empty ones.

    Args:
        indices: The samples of all processes together, (samples,) int64, not empty.
        batch_size: Samples in a batch.
        rank: Which process this is.
        world_size: How many there are.
    """
    parts = indices.tensor_split(world_size)
    num_batches = -(-len(parts[0]) // batch_size)
    batches = list(torch.split(parts[rank], batch_size))
    if len(parts[rank]) == 0:
        batches = []
    return batches + [indices[:0]] * (num_batches - len(batches))


def load_batches(
    dataset: Dataset[Any],
    index_batches: Sequence[torch.Tensor],
    *,
    device: torch.device,
    loading: Loading,
    seed: int = 0,
    workers: OrderedWorkers[Batch] | None = None,
) -> Iterator[Batch]:
    """Yields the samples of each tensor of indices as one batch on the device.

    The first sample stands in for an empty tensor of indices.

    Args:
        dataset: What is read.
        index_batches: The samples of each batch, (samples,) int64.
        device: Where the batches go.
        loading: How samples are read one by one.
        seed: What a sample draws from, with its batch.
        workers: Those of `row_workers` that have read before, if they are kept.
    """
    stand_in = torch.tensor([0])
    index_batches = [each if len(each) > 0 else stand_in for each in index_batches]
    if isinstance(dataset, ColumnDataset):
        return copied(map(dataset.take, index_batches), device)
    workers = workers or row_workers(dataset, loading)
    items = ((indices.tolist(), seed) for indices in index_batches)
    return copied(workers.map(items), device)


def row_workers(dataset: Dataset[Any], loading: Loading) -> OrderedWorkers[Batch]:
    """What reads the batches of a dataset that is not in memory."""
    return OrderedWorkers(_ReadBatch(dataset), loading)


class _ReadBatch:
    """Reads some samples and makes a batch of them."""

    def __init__(self, dataset: Dataset[Any]) -> None:
        self._reader = RowReader(dataset)
        self._collate = RowCollator(dataset)

    def __call__(self, item: tuple[list[int], int]) -> Batch:
        indices, seed = item
        return self._collate(SeededRows(self._reader, seed).__getitems__(indices))


def weigh(
    batches: Sequence[Batch],
    is_real: Sequence[bool],
    ignore_index: int | None = None,
) -> list[MicroBatch]:
    """The micro-batches of a step with their weights; see `loss_weights`."""
    weights = loss_weights(batches, is_real, ignore_index)
    return [
        MicroBatch(without_nan(batch, weight, ignore_index), weight)
        for batch, weight in zip(batches, weights, strict=True)
    ]


def without_nan(
    batch: Batch, weight: torch.Tensor | float, ignore_index: int | None = None
) -> Batch:
    """Gives a batch that weighs nothing some targets where it has none.

    A mean over nothing is NaN, and so would be nothing times that.
    """
    labels = batch.get("labels")
    if not isinstance(weight, torch.Tensor):
        return batch
    if labels is None or labels.is_floating_point():
        return batch
    a_class = 1 if ignore_index == 0 else 0
    return {**batch, "labels": labels.masked_fill(weight.eq(0), a_class)}


def loss_weights(
    batches: Sequence[Batch],
    is_real: Sequence[bool],
    ignore_index: int | None = None,
) -> list[torch.Tensor | float]:
    """The weight of each micro-batch's mean loss in the mean over the whole step.

    With them, a step over several micro-batches and processes has the loss and the
    gradient of one large batch, also where their numbers of samples or of unmasked
    tokens differ.

    Args:
        batches: The step's micro-batches in this process.
        is_real: Whether each is more than a stand-in.
        ignore_index: A label that no loss counts, besides the negative ones.

    Returns:
        Weights as scalars on the batches' device; 1.0 for one alone. Over all processes
        they add up to the number of processes, since these average their gradients.
    """
    world_size = get_world_size()
    if len(batches) == 1 and world_size == 1:
        return [1.0]
    counts = torch.stack([count_targets(batch, ignore_index) for batch in batches])
    counts = counts * torch.tensor(is_real, device=counts.device)
    total = all_reduce_sum(counts.sum())
    return list((counts * world_size / total.clamp(min=1)).unbind())


def count_targets(batch: Batch, ignore_index: int | None = None) -> torch.Tensor:
    """The number of targets that a mean loss averages over, a scalar int64.

    Class labels count where they are not negative, since -1 and -100 mark what to leave
    out; without class labels it is the number of samples.
    """
    labels = batch.get("labels")
    if labels is None or labels.is_floating_point():
        first = next(iter(batch.values()))
        return torch.tensor(len(first), device=first.device)
    counted = labels >= 0
    if ignore_index is not None:
        counted &= labels != ignore_index
    return counted.sum()
