"""The part of the training section about what is kept, and how a run goes on."""

from pydantic import StrictBool, StrictStr

from oumi_runtime.core.configs.params.base_params import BaseParams, section
from oumi_runtime.core.configs.params.field_types import Natural, Positive, Whole
from oumi_runtime.core.configs.params.training_choices import StepsOrNone


@section
class SavingParams(BaseParams):
    """When a training is saved, what stays of it, and from where it goes on."""

    save_steps: StepsOrNone = 500
    """Steps between checkpoints; 0 or -1 for none."""

    save_epoch: StrictBool = False
    """Whether to save a checkpoint after each epoch."""

    save_minutes: Positive | None = None
    """Minutes between checkpoints, besides those by steps and epochs; None for none."""

    save_final_model: StrictBool = True
    """Whether to save the model at the end."""

    save_total_limit: Natural | None = None
    """Checkpoints that are kept, at least 1: the newest, and of the rest first the best
    ones. None keeps all."""

    save_best: Whole = 0
    """Checkpoints that stay for their metric, whatever their age; with any, the others
    are deleted but for the newest, or for `save_total_limit` in all."""

    metric_for_best_model: StrictStr = "eval_loss"
    """The metric that says which checkpoint is best, as it stands in the log."""

    greater_is_better: StrictBool | None = None
    """Whether more of that metric is better; None for yes, unless its name ends in
    `loss`."""

    resume_from_checkpoint: StrictStr | None = None
    """The checkpoint folder to go on from; counts before the next field."""

    try_resume_from_last_checkpoint: StrictBool = False
    """Whether to go on from the newest whole checkpoint in `output_dir`, if any."""

    force_resume: StrictBool = False
    """Whether to go on although the config or the data has changed since, so that the
    result is not that of one run."""

    max_minutes: Positive | None = None
    """Minutes after which to save and stop, to go on with `--auto-resume`; None for no
    limit."""

    max_bad_steps: Whole = 0
    """Steps in a row with a loss or gradient that is not finite which are left out
    before the training stops; 0 stops at the first."""
