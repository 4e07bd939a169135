"""What counts the samples that are left out, where the config has them left out."""

from oumi_runtime.core.configs import DataParams
from oumi_runtime.core.configs.params.data_params import OnBadSample
from oumi_runtime.core.trainers.batches.bad_samples import BadSamples


def build_bad_samples(data: DataParams) -> BadSamples | None:
    """What counts the samples that are left out; None where none may be."""
    if data.on_bad_sample != OnBadSample.SKIP:
        return None
    return BadSamples(data.max_bad_samples)
