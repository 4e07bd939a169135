"""Early stopping."""

from oumi_runtime.core.log import logger
from oumi_runtime.core.trainers.callbacks import TrainingCallback, TrainingState
from oumi_runtime.core.trainers.callbacks.evaluated_metric import evaluated_metric


class EarlyStopping(TrainingCallback):
    """Requests a stop after several evaluations without improvement."""

    def __init__(
        self, metric: str, *, greater_is_better: bool, patience: int, threshold: float
    ) -> None:
        """Initializes the callback.

        Args:
            metric: The metric's name, as it is logged.
            greater_is_better: Whether a greater value is better.
            patience: Consecutive evaluations without improvement, at least 1.
            threshold: The minimum improvement that counts.
        """
        self._metric = metric
        self._sign = 1.0 if greater_is_better else -1.0
        self._patience = patience
        self._threshold = threshold
        self._best: float | None = None
        self._num_worse = 0

    def on_log(self, state: TrainingState, metrics: dict[str, float]) -> None:
        """Compares an evaluation with the best so far.

        Raises:
            TrainingMetricError: The evaluation does not include the metric.
        """
        value = evaluated_metric(metrics, self._metric)
        if value is None:
            return
        if self._best is None or self._sign * (value - self._best) > self._threshold:
            self._best, self._num_worse = value, 0
            return
        self._num_worse += 1
        if self._num_worse >= self._patience:
            state.requests.stop = (
                f"{self._metric} was not better than {self._best:.6g} in "
                f"{self._num_worse} evaluations"
            )
            logger.info("stopping early: %s", state.requests.stop)

    def state_dict(self) -> dict[str, float | int | None]:
        """Returns the best value and how many evaluations ago it was."""
        return {"best": self._best, "num_worse": self._num_worse}

    def load_state_dict(self, state: dict[str, float | int | None]) -> None:
        """Restores what `state_dict` returned."""
        self._best = state["best"]
        self._num_worse = int(state["num_worse"] or 0)
