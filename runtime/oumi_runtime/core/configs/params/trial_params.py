"""The fields of the training section about trial runs and early stopping."""

from pydantic import StrictBool

from oumi_runtime.core.configs.params.base_params import BaseParams, section
from oumi_runtime.core.configs.params.field_types import Amount, Natural, Whole


@section
class TrialParams(BaseParams):
    """Trial runs and early stopping."""

    overfit_batches: Whole = 0
    """Train only on the samples of this many steps, repeated in the same order: a model
    that cannot memorize them has a bug. 0 trains on all samples."""

    fast_dev_run: StrictBool = False
    """Whether to run only two steps, each with a log line and, if there is evaluation,
    an evaluation on two batches, and save only the model: a smoke test."""

    early_stopping_patience: Natural | None = None
    """Stop after this many consecutive evaluations without a better
    `metric_for_best_model`, at least 1; None for never."""

    early_stopping_threshold: Amount = 0.0
    """The minimum improvement that counts as better, at least 0."""
