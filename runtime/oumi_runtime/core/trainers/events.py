"""When a training logs, evaluates and saves."""

import dataclasses
import math
from dataclasses import dataclass

from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.trainers.callbacks import TrainingState


@dataclass(frozen=True)
class Interval:
    """How often something happens: by steps, by epochs, or both."""

    steps: int = 0
    """The number of steps between; 0 for never."""
    epoch: bool = False
    """Whether also at the end of each epoch."""

    def is_due(self, step: int) -> bool:
        """Whether it is due after this many steps."""
        return self.steps > 0 and step % self.steps == 0


@dataclass(frozen=True)
class Due:
    """What is due now."""

    log: bool = False
    evaluate: bool = False
    save: bool = False


@dataclass(frozen=True)
class Events:
    """When to log, evaluate and save."""

    log: Interval
    evaluate: Interval
    save: Interval
    logs_first_step: bool
    total_steps: int

    @classmethod
    def of(cls, params: TrainingParams, total_steps: int) -> "Events":
        """Builds the events from a config.

        Args:
            params: The training section.
            total_steps: Optimizer steps of the whole training, which `eval_steps` may
                be a fraction of.
        """
        eval_steps = params.eval_steps
        if isinstance(eval_steps, float):
            eval_steps = math.ceil(eval_steps * total_steps)
        return cls(
            log=_interval(params.logging_strategy, params.logging_steps),
            evaluate=_interval(params.eval_strategy, eval_steps),
            save=Interval(params.save_steps, params.save_epoch),
            logs_first_step=params.logging_first_step,
            total_steps=total_steps,
        )

    def after_step(self, state: TrainingState) -> Due:
        """Returns what is due after a step, and clears the requests of callbacks."""
        step, asked = state.global_step, state.requests
        state.requests = dataclasses.replace(
            asked, log=False, evaluate=False, save=False
        )
        return Due(
            log=self.logs_after(step) or asked.log,
            evaluate=self.evaluate.is_due(step) or asked.evaluate,
            save=self.save.is_due(step) or asked.save,
        )

    def after_epoch(self) -> Due:
        """Returns what is due at the end of an epoch, even an incomplete one."""
        return Due(self.log.epoch, self.evaluate.epoch, self.save.epoch)

    @property
    def logs_steps(self) -> bool:
        """Whether steps are logged at all."""
        return self.log != Interval()

    def logs_after(self, step: int) -> bool:
        """Whether to log after this many steps: also after the last of all."""
        is_last = self.log.steps > 0 and step == self.total_steps
        is_first = self.logs_first_step and step == 1
        return self.log.is_due(step) or is_first or is_last


def _interval(strategy: str, steps: int) -> Interval:
    return Interval(steps if strategy == "steps" else 0, strategy == "epoch")
