"""Doubles the micro-batch until it does not fit, and measures how fast each size is."""

import dataclasses
from dataclasses import dataclass

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.log import logger
from oumi_runtime.exceptions import NoBatchFitsError, SearchRangeError
from oumi_runtime.finding.memory import lacking_for
from oumi_runtime.finding.sized_steps import SizedSteps, TriedSize
from oumi_runtime.finding.trial import build_trial

_LEAST_GAIN = 1.05
_STREAMED_STEPS = 10_000


@dataclass(frozen=True)
class BatchSizes:
    """What was found of each size."""

    tried: tuple[TriedSize, ...]
    """By rising size; at least 1."""
    ended_by: str
    """Why no larger one was tried, in words."""
    samples_per_step: int
    """Samples in a step of the config."""

    @property
    def largest(self) -> TriedSize:
        """The largest that fits."""
        return self.tried[-1]

    @property
    def fastest(self) -> TriedSize:
        """The one with the most samples per second."""
        return max(self.tried, key=lambda each: each.samples_per_second)

    @property
    def suggestion(self) -> TriedSize | None:
        """The fastest that leaves the config's steps as they are; None if none does."""
        same = [e for e in self.tried if e.samples_per_step == self.samples_per_step]
        return max(same, key=lambda each: each.samples_per_second, default=None)


def find_batch_size(
    config: TrainingConfig, *, smallest: int = 1, largest: int | None = None
) -> BatchSizes:
    """Makes some steps with micro-batches of a size, of twice the size, and so on.

    The steps are those of the config but for their size, at a rate of 0. Each size is
    tried with the longest samples first, where it is known which these are, and timed
    with what the order of the training gives. A GPU says itself when its memory is
    full; on a CPU, what the next size would take is reckoned from the last two, and
    the search ends too where two larger sizes are no faster.

    Args:
        config: What to train, on what, and how.
        smallest: The first size, at least 1.
        largest: The last size; None for as many samples as there are.

    Raises:
        SearchRangeError: The sizes are out of their range.
        NoBatchFitsError: Not even the smallest fits.
        ConfigError: The config has mistakes.
        OumiRuntimeError: A model, dataset or other part cannot be built.
    """
    if smallest < 1 or (largest is not None and largest < smallest):
        raise SearchRangeError(
            f"the batch size cannot rise from {smallest} to {largest}; the smallest "
            "must be at least 1, and the largest no smaller than that"
        )
    steps = SizedSteps(build_trial(_unsplit(config), _STREAMED_STEPS))
    tried: list[TriedSize] = []
    size = smallest
    while (ended_by := _reason_against(size, largest, tried, steps)) is None:
        found = steps.measure(size)
        if found is None:
            ended_by = f"batches of {size:,} do not fit in memory"
            break
        speed = f"{found.samples_per_second:,.0f}"
        logger.info("micro-batches of %s: %s samples/s", f"{size:,}", speed)
        tried.append(found)
        size *= 2
    if not tried:
        raise NoBatchFitsError(ended_by)
    return BatchSizes(tuple(tried), ended_by, steps.samples_per_step)


def _unsplit(config: TrainingConfig) -> TrainingConfig:
    training = dataclasses.replace(config.training, split_on_out_of_memory=False)
    return dataclasses.replace(config, training=training)


def _reason_against(
    size: int, largest: int | None, tried: list[TriedSize], steps: SizedSteps
) -> str | None:
    """Why a size is not to be tried; None where it is."""
    if largest is not None and size > largest:
        return f"{largest:,} is the largest size asked for"
    if size > steps.num_samples:
        return f"the dataset has {steps.num_samples:,} samples"
    if len(tried) < 2:
        return None
    peaks = [each.peak_bytes for each in tried]
    expected = peaks[-1] + 2 * max(0, peaks[-1] - peaks[-2])
    if lacking := lacking_for(expected, steps.device):
        needed, free = (f"{number / 1e9:.1f} GB" for number in lacking)
        return (
            f"batches of {size:,} would need about {needed} more, and {free} are free"
        )
    speeds = [each.samples_per_second for each in tried]
    is_faster = max(speeds[-2:]) > _LEAST_GAIN * max(speeds[:-2], default=0.0)
    if steps.device.type == "cpu" and not is_faster:
        return "larger sizes are no faster"
    return None
