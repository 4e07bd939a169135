"""Runs steps with micro-batches of a given size, and measures them."""

import dataclasses
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch.optim.lr_scheduler import LambdaLR

from oumi_runtime.builders.training.batches import build_train_batches
from oumi_runtime.core.datasets.in_memory.columns import (
    Batch,
    ColumnDataset,
    RaggedColumn,
)
from oumi_runtime.core.trainers.batches.micro_batches import MicroBatch, weigh
from oumi_runtime.core.trainers.batches.stream_batches import to_device
from oumi_runtime.core.trainers.callbacks.device_cache import empty_device_cache
from oumi_runtime.core.trainers.oumi_trainer import Trainer
from oumi_runtime.core.trainers.parts import TrainingParts
from oumi_runtime.finding.memory import PeakMemory, is_out_of_memory
from oumi_runtime.finding.trial import endless

_LEAST_SECONDS = 0.5


@dataclass(frozen=True)
class TriedSize:
    """The measurements of a micro-batch size that fits."""

    batch_size: int
    """Samples in a micro-batch."""
    gradient_accumulation_steps: int
    """Micro-batches in a step: as many as are in no more samples than the config's
    step has, and at least 1."""
    samples_per_second: float
    peak_bytes: int
    """Memory in use at once: of the GPU, or of the whole process on a CPU."""

    @property
    def samples_per_step(self) -> int:
        """Samples in a step."""
        return self.batch_size * self.gradient_accumulation_steps


class SizedSteps:
    """Runs steps of a training with micro-batches of other sizes.

    The weights do not change, so that all sizes do the same work.
    """

    def __init__(self, parts: TrainingParts) -> None:
        """Initializes the steps from the parts of a training."""
        still = LambdaLR(parts.optimizer, lambda step: 0.0)
        self._parts = dataclasses.replace(parts, scheduler=still)
        self.device = next(parts.parallelism.model.parameters()).device
        self.samples_per_step = parts.train_batches.step_samples
        """Samples in a step of the config."""
        self.num_samples = parts.train_batches.num_samples
        self._memory = PeakMemory(self.device)

    def measure(self, size: int) -> TriedSize | None:
        """Runs steps with micro-batches of a size; returns None if they do not fit."""
        try:
            return self._measure(size)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
        # Out of the block, for the error holds on to the tensors of the step.
        for parameter in self._parts.parallelism.model.parameters():
            parameter.grad = None
        empty_device_cache()
        return None

    def _measure(self, size: int) -> TriedSize:
        accumulation = max(1, self.samples_per_step // size)
        params = self._parts.params
        params = dataclasses.replace(
            params,
            per_device_train_batch_size=size,
            gradient_accumulation_steps=accumulation,
            data_on_device="off",  # It is where it is to be already.
            cuda_graphs="off" if params.cuda_graphs == "off" else "auto",
        )
        dataset = self._parts.train_batches.dataset
        batches = build_train_batches(dataset, params, self.device)
        trainer = Trainer(
            dataclasses.replace(self._parts, params=params, train_batches=batches)
        )
        steps = endless(batches)
        self._memory.reset()
        trainer.step(self._longest(size, accumulation) or next(steps)).loss.item()
        speed = _samples_per_second(trainer, steps)
        return TriedSize(size, accumulation, speed, self._memory.read())

    def _longest(self, size: int, accumulation: int) -> list[MicroBatch] | None:
        """Returns a step with the samples that take the most memory, if known."""
        dataset = self._parts.train_batches.dataset
        if not isinstance(dataset, ColumnDataset):
            return None
        columns = dataset.columns.values()
        lengths = [c.lengths for c in columns if isinstance(c, RaggedColumn)]
        if not lengths:
            return None
        order = torch.stack(lengths).sum(0).argsort(descending=True, stable=True)
        batch = to_device(dataset.take(order[:size]), self.device)
        # With a second one, there are gradients already.
        same = [batch] * min(2, accumulation)
        ignored = self._parts.params.label_ignore_index
        return weigh(same, [True] * len(same), ignored)


def _samples_per_second(trainer: Trainer, steps: Iterator[list[MicroBatch]]) -> float:
    """Returns the speed of steps, including loading their data."""
    num_samples, num_steps, loss = 0, 1, torch.zeros(())
    began = time.perf_counter()
    while True:
        for step in itertools.islice(steps, num_steps):
            loss = trainer.step(step).loss
            num_samples += sum(_num_samples(each.columns) for each in step)
        loss.item()
        seconds = time.perf_counter() - began
        if seconds > _LEAST_SECONDS:
            return num_samples / seconds
        num_steps *= 2


def _num_samples(columns: Batch) -> int:
    return len(next(iter(columns.values())))
