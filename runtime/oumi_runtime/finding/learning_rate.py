"""The learning rate range test.

From Smith 2017, Cyclical Learning Rates for Training Neural Networks, section 3.3, with
an exponential rise and a stop on divergence, as in fastai.
"""

import contextlib
import dataclasses
import math
from collections.abc import Generator
from dataclasses import dataclass
from statistics import fmean

from torch.optim.lr_scheduler import LambdaLR

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.trainers.callbacks.progress import ProgressReport
from oumi_runtime.core.trainers.oumi_trainer import Trainer
from oumi_runtime.exceptions import SearchRangeError
from oumi_runtime.finding.descent import fit_lines, steepest_descent
from oumi_runtime.finding.trial import build_trial, endless

_TIMES_BEST = 4.0
_FEWEST_STEPS = 20
_NUM_LINES = 10


@dataclass(frozen=True)
class TriedRate:
    """One step of the test."""

    learning_rate: float
    loss: float
    """The step's loss, before its rate has had an effect."""
    smoothed_loss: float
    """The loss with those of the neighbouring steps evened out."""


@dataclass(frozen=True)
class LearningRateCurve:
    """The loss as the learning rate rises."""

    tried: tuple[TriedRate, ...]
    """By rising rates; at least 1."""
    has_diverged: bool
    """Whether the loss has grown beyond all bounds, which has ended the test."""
    suggestion: float | None
    """The rate at which the loss falls fastest, with two digits; None where it hardly
    falls."""

    @property
    def lowest(self) -> TriedRate:
        """The rate with the lowest smoothed loss."""
        return min(self.tried, key=lambda each: each.smoothed_loss)

    @property
    def shown_losses(self) -> tuple[float, float]:
        """The range of losses to plot, without diverged ones."""
        low = self.lowest.smoothed_loss
        before = self.tried[: self.tried.index(self.lowest) + 1]
        high = max(each.smoothed_loss for each in before)
        margin = 0.1 * (high - low) or 0.1 * abs(low) or 1.0
        return low - margin, high + 2 * margin


def find_learning_rate(
    config: TrainingConfig,
    *,
    lowest: float = 1e-7,
    highest: float = 10.0,
    num_steps: int = 100,
) -> LearningRateCurve:
    """Trains for some steps, raising the learning rate at each.

    The steps use the data, optimizer, clipping, accumulation and precision of the
    config. Parameter groups with their own learning rates keep their ratio to
    `training.learning_rate`.

    Args:
        config: The config of the training. Its schedule is not used.
        lowest: The first rate, above 0.
        highest: The last rate, above the first. The test ends earlier if the loss of
            the last few steps is four times the best so far, or is not finite.
        num_steps: The number of steps, at least 20.

    Raises:
        SearchRangeError: The rates or the number of steps are not valid.
        ConfigError: The config has mistakes.
        OumiRuntimeError: A model, dataset or other part cannot be built.
    """
    if not 0 < lowest < highest < math.inf:
        raise SearchRangeError(
            f"the learning rate cannot rise from {lowest:g} to {highest:g}; the "
            "lowest must be above 0, and the highest above that"
        )
    if num_steps < _FEWEST_STEPS:
        raise SearchRangeError(
            f"{num_steps} steps are too few for a curve; use at least {_FEWEST_STEPS}"
        )
    ratio = (highest / lowest) ** (1 / (num_steps - 1))
    rates = [lowest * ratio**step for step in range(num_steps)]
    reach = max(1, num_steps // 25)
    losses: list[float] = []
    has_diverged = False
    with contextlib.closing(_losses(config, rates)) as made:
        for loss in made:
            has_diverged = _is_diverging([*losses, loss], reach)
            if math.isfinite(loss):
                losses.append(loss)
            if has_diverged:
                break
    if not losses:
        raise SearchRangeError(
            "the loss is not finite before the first step; look at the model and data"
        )
    return _curve(rates[: len(losses)], losses, has_diverged, reach)


def _losses(config: TrainingConfig, rates: list[float]) -> Generator[float]:
    """Yields the losses of steps with these rates, and shows the progress."""
    base = config.training.learning_rate or rates[-1]
    training = dataclasses.replace(config.training, learning_rate=base)
    config = dataclasses.replace(config, training=training)
    parts = build_trial(config, len(rates))
    # One more, which is set after the last step.
    factors = [rate / base for rate in rates] + [0.0]
    schedule = LambdaLR(parts.optimizer, factors.__getitem__)
    trainer = Trainer(dataclasses.replace(parts, scheduler=schedule))
    state, report = trainer.state, ProgressReport()
    report.on_train_begin(state)
    try:
        for rate, step in zip(rates, endless(parts.train_batches), strict=False):
            loss = trainer.step(step).loss.item()
            state.count_step()
            report.on_step_end(state)
            if state.global_step % (len(rates) // _NUM_LINES) == 0:
                report.on_log(state, {"loss": loss, "learning_rate": rate})
            yield loss
    finally:
        report.on_train_end(state)


def _is_diverging(losses: list[float], reach: int) -> bool:
    """Whether the last losses are far above the best ones."""
    if not math.isfinite(losses[-1]):
        return True
    recent = [
        fmean(losses[max(0, end - reach) : end]) for end in range(1, len(losses) + 1)
    ]
    best = min(recent)
    # For a positive loss it is four times the best.
    return recent[-1] > best + (_TIMES_BEST - 1) * abs(best)


def _curve(
    rates: list[float], losses: list[float], has_diverged: bool, reach: int
) -> LearningRateCurve:
    lines = fit_lines(losses, reach) if len(losses) > 1 else []
    smoothed = [line.value for line in lines] or losses
    place = steepest_descent(losses, reach)
    return LearningRateCurve(
        tuple(map(TriedRate, rates, losses, smoothed)),
        has_diverged,
        None if place is None else float(f"{rates[place]:.2g}"),
    )
