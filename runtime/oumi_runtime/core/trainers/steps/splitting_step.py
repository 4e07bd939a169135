"""Retries a step that runs out of memory with smaller micro-batches."""

import torch

from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.log import logger
from oumi_runtime.core.trainers.batches.micro_batches import (
    MicroBatch,
    count_targets,
    without_nan,
)
from oumi_runtime.core.trainers.callbacks.device_cache import empty_device_cache
from oumi_runtime.core.trainers.steps.train_step import StepResult, TrainStep


class SplittingStep:
    """Halves micro-batches until a step fits, and keeps that size.

    The gradient is the same mean over the step's targets. Dropout draws other numbers
    than with the larger micro-batches.
    """

    def __init__(self, step: TrainStep, ignore_index: int | None) -> None:
        """Wraps the step.

        Args:
            step: The step to split.
            ignore_index: A label that losses ignore, besides negative ones.
        """
        self.finite = step.finite
        self._step = step
        self._ignore_index = ignore_index
        self._most_samples: int | None = None

    def __call__(self, micro_batches: list[MicroBatch]) -> StepResult:
        """Runs the step.

        Raises:
            torch.OutOfMemoryError: Not even a single sample fits.
        """
        while True:
            parts = micro_batches
            if self._most_samples is not None:
                parts = [part for each in micro_batches for part in self._split(each)]
            try:
                return self._step(parts)
            except torch.OutOfMemoryError:
                largest = max(_num_samples(part.columns) for part in parts)
                if largest == 1:
                    raise
                self._most_samples = (largest + 1) // 2
            # Outside the block: the exception keeps the tensors of the step alive.
            self._step.drop_gradients()
            empty_device_cache()
            logger.warning(
                "out of memory with %s samples; continuing with %s at a time",
                largest,
                self._most_samples,
            )

    def _split(self, batch: MicroBatch) -> list[MicroBatch]:
        size = self._most_samples or _num_samples(batch.columns)
        if _num_samples(batch.columns) <= size:
            return [batch]
        cut = {
            name: torch.split(column, size) for name, column in batch.columns.items()
        }
        pieces: list[Batch] = [
            dict(zip(cut, piece, strict=True))
            for piece in zip(*cut.values(), strict=True)
        ]
        counts = [count_targets(piece, self._ignore_index) for piece in pieces]
        total = torch.stack(counts).sum().clamp(min=1)
        weights = [batch.weight * count / total for count in counts]
        return [
            MicroBatch(without_nan(piece, weight, self._ignore_index), weight)
            for piece, weight in zip(pieces, weights, strict=True)
        ]


def _num_samples(columns: Batch) -> int:
    return len(next(iter(columns.values())))
