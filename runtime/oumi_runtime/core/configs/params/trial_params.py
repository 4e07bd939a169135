"""The part of the training section about trying things out, and ending early."""

from pydantic import StrictBool

from oumi_runtime.core.configs.params.base_params import BaseParams, section
from oumi_runtime.core.configs.params.field_types import Amount, Natural, Whole


@section
class TrialParams(BaseParams):
    """Short trainings, and when a long one is over before its time."""

    overfit_batches: Whole = 0
    """Steps whose samples are all that is trained on, again and again in one order: a
    model that does not learn these by heart has a bug. 0 for all samples."""

    fast_dev_run: StrictBool = False
    """Whether to make two steps, each with a log line and an evaluation of two batches
    where there is one, and save nothing but the model: to see that all works."""

    early_stopping_patience: Natural | None = None
    """Evaluations in a row without a better `metric_for_best_model` after which to
    stop, at least 1; None for never."""

    early_stopping_threshold: Amount = 0.0
    """By how much a metric has to be better to count, at least 0."""
