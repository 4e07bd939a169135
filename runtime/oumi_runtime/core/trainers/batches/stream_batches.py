"""Batches of streamed datasets.

As with map-style datasets, a step's global batch is a slice of the order of all
samples, and each process takes its part of the slice. Every process reads all rows,
which is cheap, but makes samples only of its own.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

import torch

from oumi_runtime.core.datasets import Block, Stream
from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.datasets.rows.seeding import seed_of_part
from oumi_runtime.core.distributed import get_rank, get_world_size
from oumi_runtime.core.trainers.batches.micro_batches import (
    MicroBatch,
    count_targets,
    weigh,
)
from oumi_runtime.core.trainers.batches.ordered_workers import Loading
from oumi_runtime.core.trainers.batches.stream_steps import Step, StepReader
from oumi_runtime.exceptions import DataError


class StreamBatches:
    """The micro-batches of every step of every epoch, on the device.

    If the number of samples is unknown, the whole training is one epoch, in which
    passes over the data follow each other seamlessly.
    """

    def __init__(
        self,
        dataset: Stream,
        *,
        batch_size: int,
        accumulation_steps: int,
        seed: int,
        device: torch.device,
        max_steps: int = -1,
        loading: Loading | None = None,
        ignore_index: int | None = None,
        by_length: bool = False,
        rank: int | None = None,
        world_size: int | None = None,
    ) -> None:
        """Initializes the batches; see `TrainBatches`.

        Args:
            dataset: The stream.
            batch_size: Samples in a micro-batch.
            accumulation_steps: Micro-batches in a step, on each process.
            seed: The seed for random augmentation.
            device: The device of the batches.
            max_steps: Steps of the training; below 1 if it is given in epochs.
            loading: How to load samples.
            ignore_index: A label that losses ignore, besides negative ones.
            by_length: Whether to group samples of similar length, among those that are
                read together.
            rank: The rank of this process; None asks torch.distributed.
            world_size: The number of processes; None asks torch.distributed.

        Raises:
            DataError: Neither the stream nor `max_steps` gives the length.
        """
        self._rank = get_rank() if rank is None else rank
        self._world_size = get_world_size() if world_size is None else world_size
        self.dataset = dataset
        self.seed = seed
        self.loading = loading or Loading()
        self.ignore_index = ignore_index
        self._device = device
        self.step_samples = batch_size * accumulation_steps * self._world_size
        length = dataset.num_samples if max_steps > 0 else dataset.count_samples()
        if length is None and max_steps < 1:
            raise DataError(
                "a stream does not say how many samples it has, and so not how long an "
                "epoch is; set training.max_steps, or sample_count"
            )
        self._is_endless = length is None
        self.num_samples = max_steps * self.step_samples if length is None else length
        self.steps_per_epoch = -(-self.num_samples // self.step_samples)
        self._reader = StepReader(
            dataset,
            step_samples=self.step_samples,
            batch_size=batch_size,
            rank=self._rank,
            world_size=self._world_size,
            loading=self.loading,
            by_length=by_length,
        )

    def epoch(self, epoch: int, start_step: int = 0) -> Iterator[list[MicroBatch]]:
        """Yields the micro-batches of each step.

        Args:
            epoch: The number of the epoch, from 0.
            start_step: The first step. Earlier samples are read but not processed,
                except those grouped by length with it.

        Raises:
            BadRowError: A row cannot be read or transformed.
            DataError: The stream is shorter than declared.
        """
        num_before = start_step % self._reader.steps_at_once
        start = (start_step - num_before) * self.step_samples
        blocks = (
            self.dataset.endless(start)
            if self._is_endless
            else self.dataset.blocks(epoch, start)
        )
        seed = seed_of_part(self.seed, epoch)
        steps = self._reader.steps(blocks, seed=seed, start=start)
        done = start_step
        num_left = self.steps_per_epoch - start_step
        for step in islice(steps, num_before, num_before + num_left):
            done += 1
            _count_bad(step, self.loading)
            columns = [to_device(made.columns, self._device) for made in step]
            is_real = [made.is_real for made in step]
            yield weigh(columns, is_real, self.ignore_index)
        if done < self.steps_per_epoch:
            raise DataError(
                f"the stream ended after {done} steps of an epoch, where its "
                f"datasets say they have {self.num_samples:,} samples, which is "
                f"{self.steps_per_epoch} steps; set sample_count"
            )


class StreamEvalBatches(Iterable[MicroBatch]):
    """This process's part of all samples, on the device; see `EvalBatches`."""

    def __init__(
        self,
        dataset: Stream,
        *,
        batch_size: int,
        device: torch.device,
        loading: Loading | None = None,
        ignore_index: int | None = None,
    ) -> None:
        """Initializes the batches; see `StreamBatches`."""
        self.num_samples = 0
        self.loading = loading or Loading()
        self.ignore_index = ignore_index
        self.dataset = dataset
        self._device = device
        world_size = get_world_size()
        self._reader = StepReader(
            dataset,
            step_samples=batch_size * world_size,
            batch_size=batch_size,
            rank=get_rank(),
            world_size=world_size,
            loading=self.loading,
        )

    def __iter__(self) -> Iterator[MicroBatch]:
        num_read = 0

        def counted() -> Iterator[Block]:
            nonlocal num_read
            for block in self.dataset.blocks():
                num_read += len(block)
                yield block

        for step in self._reader.steps(counted(), seed=0):
            _count_bad(step, self.loading)
            for made in step:
                columns = to_device(made.columns, self._device)
                num_targets = count_targets(columns, self.ignore_index)
                yield MicroBatch(columns, num_targets if made.is_real else 0.0)
        self.num_samples = num_read


def _count_bad(step: Step, loading: Loading) -> None:
    if loading.bad_samples is not None:
        for made in step:
            loading.bad_samples.leave_out(made.left_out)


def to_device(batch: Batch, device: torch.device) -> Batch:
    """Moves a batch to a device."""
    return {
        name: column.to(device, non_blocking=True) for name, column in batch.items()
    }
