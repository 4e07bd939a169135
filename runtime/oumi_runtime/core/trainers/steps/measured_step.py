"""A step that is measured for the log."""

from oumi_runtime.core.trainers.batches.micro_batches import MicroBatch
from oumi_runtime.core.trainers.performance import PerformanceMeter
from oumi_runtime.core.trainers.steps.train_step import Step, StepResult


class MeasuredStep:
    """Runs a step and measures it.

    It wraps captured and splitting steps, so that each step counts once.
    """

    def __init__(self, step: Step, meter: PerformanceMeter) -> None:
        """Wraps the step."""
        self.finite = step.finite
        self._step = step
        self._meter = meter

    def __call__(self, micro_batches: list[MicroBatch]) -> StepResult:
        """Runs the step."""
        with self._meter.step([batch.columns for batch in micro_batches]):
            return self._step(micro_batches)
