"""The fields of the training section about saving, resuming and stopping."""

from pydantic import StrictBool, StrictStr

from oumi_runtime.core.configs.params.base_params import BaseParams, section
from oumi_runtime.core.configs.params.field_types import Natural, Positive, Whole
from oumi_runtime.core.configs.params.training_choices import StepsOrNone


@section
class SavingParams(BaseParams):
    """When to save, which checkpoints to keep, and what to resume from."""

    save_steps: StepsOrNone = 500
    """Steps between checkpoints; 0 or -1 for none."""

    save_epoch: StrictBool = False
    """Whether to save a checkpoint after each epoch."""

    save_minutes: Positive | None = None
    """Minutes between checkpoints, in addition to those by steps and epochs; None for
    no such checkpoints."""

    save_final_model: StrictBool = True
    """Whether to save the model at the end."""

    save_total_limit: Natural | None = None
    """The number of checkpoints to keep, at least 1: the newest one, then the
    `save_best` best ones, then the next newest. None keeps all."""

    save_best: Whole = 0
    """The number of best checkpoints to keep, whatever their age. If it is not 0, each
    evaluation that is among the best so far saves one, and the others are deleted
    except the newest, or down to `save_total_limit` in all."""

    metric_for_best_model: StrictStr = "eval_loss"
    """The metric by which checkpoints are compared, named as in the log."""

    greater_is_better: StrictBool | None = None
    """Whether a greater value of that metric is better; None for yes, unless its name
    ends in `loss`."""

    resume_from_checkpoint: StrictStr | None = None
    """The checkpoint folder to resume from; takes precedence over the next field."""

    try_resume_from_last_checkpoint: StrictBool = False
    """Whether to resume from the newest valid checkpoint in `output_dir`, if any."""

    force_resume: StrictBool = False
    """Whether to resume even if the config or the data has changed since, so that the
    result differs from that of an uninterrupted run."""

    max_minutes: Positive | None = None
    """Minutes after which to save and stop; resume with `--auto-resume`. None for no
    limit."""

    max_bad_steps: Whole = 0
    """The number of consecutive steps with a non-finite loss or gradient to skip before
    the training stops; 0 stops at the first."""

    @property
    def is_greater_better(self) -> bool:
        """Whether a greater value of `metric_for_best_model` is better."""
        if self.greater_is_better is None:
            return not self.metric_for_best_model.endswith("loss")
        return self.greater_is_better
