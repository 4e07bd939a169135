"""Builds the counter of samples that are left out."""

from oumi_runtime.core.configs import DataParams
from oumi_runtime.core.configs.params.data_params import OnBadSample
from oumi_runtime.core.trainers.batches.bad_samples import BadSamples


def build_bad_samples(data: DataParams) -> BadSamples | None:
    """Returns a counter of left-out samples; None if none may be left out."""
    if data.on_bad_sample != OnBadSample.SKIP:
        return None
    return BadSamples(data.max_bad_samples)
