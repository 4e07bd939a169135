"""Makes a step that does not fit in memory again, in smaller micro-batches."""

import torch

from oumi_runtime.core.datasets.columns import Batch
from oumi_runtime.core.log import logger
from oumi_runtime.core.trainers.batches.micro_batches import (
    MicroBatch,
    count_targets,
    without_nan,
)
from oumi_runtime.core.trainers.callbacks.telemetry import empty_device_cache
from oumi_runtime.core.trainers.steps.train_step import StepResult, TrainStep


class SplittingStep:
    """Cuts micro-batches in halves until a step fits, and keeps to that size.

    The gradient is the same mean over the step's targets. Random numbers are those of
    the smaller micro-batches.
    """

    def __init__(self, step: TrainStep, ignore_index: int | None) -> None:
        """Takes the step.

        Args:
            step: What is made in parts.
            ignore_index: A label that no loss counts, besides the negative ones.
        """
        self.finite = step.finite
        self._step = step
        self._ignore_index = ignore_index
        self._most_samples: int | None = None

    def __call__(self, micro_batches: list[MicroBatch]) -> StepResult:
        """Makes the step.

        Raises:
            torch.OutOfMemoryError: One sample alone does not fit.
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
            # Out of the block, for the error holds on to the tensors of the step.
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
