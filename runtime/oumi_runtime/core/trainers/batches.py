"""Which samples a step sees, and the batches made of them.

The order of the samples depends on (seed, epoch) alone. A step's global batch is a
slice of that order, a process takes its part of the slice, and the part is cut into the
micro-batches that a step accumulates.
"""

from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, cast

import torch
from torch.utils.data import DataLoader, Dataset

from oumi_runtime.core.datasets.columns import Batch, ColumnDataset


def count_samples(dataset: Dataset[Any]) -> int:
    """The length of a map-style dataset, which torch's type does not promise."""
    return len(cast(Sized, dataset))


def epoch_order(num_samples: int, seed: int, epoch: int) -> torch.Tensor:
    """The shuffled sample indices of an epoch, (num_samples,) int64."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    return torch.randperm(num_samples, generator=generator)


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
        num_workers: int = 0,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        """Takes the dataset and how it is cut.

        Args:
            dataset: A map-style dataset. A `ColumnDataset` is gathered in this process;
                any other is read sample by sample and collated, by workers if asked.
            batch_size: Samples in a micro-batch.
            accumulation_steps: Micro-batches in a step, on each process.
            seed: Seed of the order.
            device: Where the batches go.
            num_workers: Processes that read samples; 0 reads them in this one.
            rank: Which process this is.
            world_size: How many there are.
        """
        self.dataset = dataset
        self.num_samples = count_samples(dataset)
        self.step_samples = batch_size * accumulation_steps * world_size
        self.steps_per_epoch = -(-self.num_samples // self.step_samples)
        self.seed = seed
        self._batch_size = batch_size
        self._device = device
        self._num_workers = num_workers
        self._rank, self._world_size = rank, world_size

    def epoch(self, epoch: int, start_step: int = 0) -> Iterator[list[Batch]]:
        """Yields the micro-batches of each step.

        Args:
            epoch: Which epoch, from 0.
            start_step: The step to begin with; those before it are not read.
        """
        order = epoch_order(self.num_samples, self.seed, epoch)
        steps = [
            torch.split(
                part.tensor_split(self._world_size)[self._rank], self._batch_size
            )
            for part in torch.split(order, self.step_samples)[start_step:]
        ]
        micro_batches = load_batches(
            self.dataset,
            [indices for step in steps for indices in step],
            device=self._device,
            num_workers=self._num_workers,
            seed=self.seed * 1_000_003 + epoch,
        )
        for step in steps:
            yield [next(micro_batches) for _ in step]


class EvalBatches(Iterable[Batch]):
    """All samples once, in the dataset's own order, on the device."""

    def __init__(
        self,
        dataset: Dataset[Any],
        *,
        batch_size: int,
        device: torch.device,
        num_workers: int = 0,
    ) -> None:
        """Takes the dataset and the number of samples in a batch."""
        self.num_samples = count_samples(dataset)
        self._dataset = dataset
        self._batch_size = batch_size
        self._device = device
        self._num_workers = num_workers

    def __iter__(self) -> Iterator[Batch]:
        return load_batches(
            self._dataset,
            torch.split(torch.arange(self.num_samples), self._batch_size),
            device=self._device,
            num_workers=self._num_workers,
        )


def load_batches(
    dataset: Dataset[Any],
    index_batches: Sequence[torch.Tensor],
    *,
    device: torch.device,
    num_workers: int = 0,
    seed: int = 0,
) -> Iterator[Batch]:
    """Yields the samples of each tensor of indices as one batch on the device."""
    batches: Iterable[Batch]
    if isinstance(dataset, ColumnDataset):
        batches = map(dataset.take, index_batches)
    else:
        batches = DataLoader(
            dataset,
            batch_sampler=[indices.tolist() for indices in index_batches],
            num_workers=num_workers,
            pin_memory=device.type == "cuda",
            # Without one it would draw from the stream that dropout uses.
            generator=torch.Generator().manual_seed(seed),
        )
    for batch in batches:
        yield {
            name: column.to(device, non_blocking=True) for name, column in batch.items()
        }


def loss_weights(micro_batches: Sequence[Batch]) -> list[torch.Tensor | float]:
    """The weight of each micro-batch's mean loss in the mean over the whole step.

    With them, a step over several micro-batches has the loss and the gradient of one
    large batch, also where their numbers of samples or of unmasked tokens differ.

    Returns:
        Weights that add up to 1, as scalars on the batches' device; 1.0 for one alone.
    """
    if len(micro_batches) == 1:
        return [1.0]
    counts = torch.stack([count_targets(batch) for batch in micro_batches])
    return list((counts / counts.sum().clamp(min=1)).unbind())


def count_targets(batch: Batch) -> torch.Tensor:
    """The number of targets that a mean loss averages over, a scalar int64.

    Class labels count where they are not negative, since -1 and -100 mark what to leave
    out; without class labels it is the number of samples.
    """
    labels = batch.get("labels")
    if labels is None or labels.is_floating_point():
        first = next(iter(batch.values()))
        return torch.tensor(len(first), device=first.device)
    return (labels >= 0).sum()
