"""Doubles the micro-batch size until it no longer fits, and measures the speed."""

import dataclasses
from dataclasses import dataclass

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.log import logger
from oumi_runtime.exceptions import (
    NoBatchFitsError,
    SearchRangeError,
    SingleValueError,
)
from oumi_runtime.finding.memory import lacking_for
from oumi_runtime.finding.sized_steps import SizedSteps, TriedSize
from oumi_runtime.finding.trial import build_trial

_LEAST_GAIN = 1.05
_STREAMED_STEPS = 10_000


@dataclass(frozen=True)
class BatchSizes:
    """The measurements of each size."""

    tried: tuple[TriedSize, ...]
    """By rising size; at least 1."""
    ended_by: str
    """Why no larger one was tried, in words."""
    samples_per_step: int
    """Samples in a step of the config."""

    @property
    def largest(self) -> TriedSize:
        """The largest size that fits."""
        return self.tried[-1]

    @property
    def fastest(self) -> TriedSize:
        """The size with the most samples per second."""
        return max(self.tried, key=lambda each: each.samples_per_second)

    @property
    def suggestion(self) -> TriedSize | None:
        """The fastest size that keeps the samples in a step; None if none does."""
        same = [e for e in self.tried if e.samples_per_step == self.samples_per_step]
        return max(same, key=lambda each: each.samples_per_second, default=None)


def find_batch_size(
    config: TrainingConfig, *, smallest: int = 1, largest: int | None = None
) -> BatchSizes:
    """Runs steps with micro-batches of one size, twice that size, and so on.

    Except for their size, the steps are those of the config, with a learning rate of 0.
    Each size is first tried with the longest samples, if the lengths are known, and
    then timed with the usual ones. A GPU reports when its memory is full; on a CPU, the
    memory needed for the next size is extrapolated from the last two. The search also
    ends when two larger sizes are no faster.

    A size is left out if a batch norm meets a single value in it, as with one sample.

    Args:
        config: The config of the training.
        smallest: The first size, at least 1.
        largest: The last size; None for the number of samples.

    Raises:
        SearchRangeError: The sizes are not valid.
        NoBatchFitsError: Not even the smallest size fits.
        SingleValueError: A batch norm meets a single value in all sizes.
        ConfigError: The config has mistakes.
        OumiRuntimeError: A model, dataset or other part cannot be built.
    """
    if smallest < 1 or (largest is not None and largest < smallest):
        end = "" if largest is None else f" to {largest}"
        raise SearchRangeError(
            f"the batch size cannot rise from {smallest}{end}; the smallest must be at "
            "least 1, and the largest no smaller than that"
        )
    steps = SizedSteps(build_trial(_unsplit(config), _STREAMED_STEPS))
    tried: list[TriedSize] = []
    too_small: SingleValueError | None = None
    size = smallest
    while (ended_by := _reason_against(size, largest, tried, steps)) is None:
        try:
            found = steps.measure(size)
        except SingleValueError as error:
            logger.info("micro-batches of %s are left out: %s", f"{size:,}", error)
            too_small, size = error, size * 2
            continue
        if found is None:
            ended_by = f"batches of {size:,} do not fit in memory"
            break
        speed = f"{found.samples_per_second:,.0f}"
        logger.info("micro-batches of %s: %s samples/s", f"{size:,}", speed)
        tried.append(found)
        size *= 2
    if not tried:
        if too_small is not None:
            raise too_small
        raise NoBatchFitsError(ended_by)
    return BatchSizes(tuple(tried), ended_by, steps.samples_per_step)


def _unsplit(config: TrainingConfig) -> TrainingConfig:
    training = dataclasses.replace(config.training, split_on_out_of_memory=False)
    return dataclasses.replace(config, training=training)


def _reason_against(
    size: int, largest: int | None, tried: list[TriedSize], steps: SizedSteps
) -> str | None:
    """Returns why a size should not be tried; None if it should."""
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
