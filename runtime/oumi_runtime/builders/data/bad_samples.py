"""Builds the counter of samples that are left out, and says that there is one."""

import contextlib
from collections.abc import Iterator

from oumi_runtime.core.configs import DatasetSplit, TrainerType, TrainingConfig
from oumi_runtime.core.configs.params.data_params import DataParams, OnBadSample
from oumi_runtime.core.trainers.batches.bad_samples import BadSamples
from oumi_runtime.exceptions import BadRowError

_REMEDY = "; to leave out rows that cannot be used, set data.on_bad_sample: skip"


def build_bad_samples(data: DataParams) -> BadSamples | None:
    """Returns a counter of left-out samples; None if none may be left out."""
    if data.on_bad_sample != OnBadSample.SKIP:
        return None
    return BadSamples(data.max_bad_samples)


@contextlib.contextmanager
def naming_the_remedy(config: TrainingConfig) -> Iterator[None]:
    """Adds to the error for a bad row how to leave out such rows, if the run can.

    An error that says what to do instead, as where no sample is a dict, stays as it is.

    Args:
        config: The config whose data is read in the block.

    Raises:
        BadRowError: The same error, which says more.
    """
    try:
        yield
    except BadRowError as error:
        if not _could_skip(config) or "; " in str(error):
            raise
        whole = [
            f", and data.{split.value}.stream: false"
            for split in config.data.streamed_in_blocks()
        ]
        more = BadRowError(f"{error}{_REMEDY}{''.join(whole)}")
        for note in getattr(error, "__notes__", ()):
            more.add_note(note)
        raise more from error


def _could_skip(config: TrainingConfig) -> bool:
    """Whether rows are not left out, but could be, at least of data read whole."""
    splits = [config.data.get_split(split) for split in DatasetSplit]
    return (
        config.data.on_bad_sample != OnBadSample.SKIP
        and config.training.trainer_type is not TrainerType.HF
        and not any(split.stream and split.pack for split in splits)
    )
