"""Saving the best checkpoints."""

import bisect
import math

from oumi_runtime.core.trainers.callbacks import TrainingCallback, TrainingState
from oumi_runtime.core.trainers.callbacks.evaluated_metric import evaluated_metric


class BestCheckpoints(TrainingCallback):
    """Requests a checkpoint after each evaluation that is among the best so far.

    Otherwise the best weights would be kept only if a checkpoint happened to be due at
    the step of their evaluation.
    """

    def __init__(self, metric: str, *, greater_is_better: bool, number: int) -> None:
        """Initializes the callback.

        Args:
            metric: The metric's name, as it is logged.
            greater_is_better: Whether a greater value of the metric is better.
            number: How many of the best checkpoints are kept, at least 1.
        """
        self._metric = metric
        self._sign = -1.0 if greater_is_better else 1.0
        self._number = number
        self._best: list[float] = []  # With the sign, so in order: the best one first.

    def on_log(self, state: TrainingState, metrics: dict[str, float]) -> None:
        """Compares an evaluation with the best so far.

        Raises:
            TrainingMetricError: The evaluation does not include the metric.
        """
        metric = evaluated_metric(metrics, self._metric)
        if metric is None:
            return
        value = self._sign * metric
        is_full = len(self._best) == self._number
        if not math.isfinite(value) or (is_full and value >= self._best[-1]):
            return
        bisect.insort(self._best, value)
        del self._best[self._number :]
        state.requests.save = True

    def state_dict(self) -> dict[str, list[float]]:
        """Returns the best values so far."""
        return {"best": list(self._best)}

    def load_state_dict(self, state: dict[str, list[float]]) -> None:
        """Restores what `state_dict` returned."""
        self._best = list(state["best"])
