"""The optimization fields of the training section: optimizer, schedule, clipping."""

from typing import Annotated

from pydantic import Field, StrictBool, StrictStr

from oumi_runtime.core.configs.params.base_params import BaseParams, section
from oumi_runtime.core.configs.params.field_types import (
    EMPTY_LIST,
    Amount,
    Decay,
    Kwargs,
    Names,
    Share,
    Whole,
    choice,
)
from oumi_runtime.core.configs.params.training_choices import OPTIMIZER, SchedulerType
from oumi_runtime.core.configs.places import Key
from oumi_runtime.core.configs.schedule_options import (
    SCHEDULE_ALIASES,
    schedule_mistakes,
)
from oumi_runtime.exceptions import SectionError


@section
class ParameterGroupParams(BaseParams):
    """A group of parameters with its own learning rate or weight decay."""

    parameters: Names = Field(default_factory=list)
    """Full names of modules or parameters, such as `embedding` or `layers.*.norm`; `*`
    stands for anything, dots included. At least one."""

    learning_rate: Amount | None = None
    """The peak learning rate of the group, at least 0; None for the global one."""

    weight_decay: Amount | None = None
    """The weight decay of the group, at least 0; None for the global one."""

    def __finalize_and_validate__(self) -> None:
        """Checks that the group names parameters and sets at least one value."""
        if not self.parameters:
            raise SectionError({"parameters": "names nothing; give names or patterns"})
        if self.learning_rate is None and self.weight_decay is None:
            sentence = "and weight_decay are both missing; set at least one"
            raise SectionError({"learning_rate": sentence})


@section
class OptimizationParams(BaseParams):
    """How an optimizer step updates the parameters."""

    learning_rate: Amount = 5e-5
    """The peak learning rate, reached after the warm-up; at least 0."""

    lr_scheduler_type: Annotated[
        StrictStr, choice(*SchedulerType, aliases=SCHEDULE_ALIASES, is_open=True)
    ] = "linear"
    """How the learning rate changes after the warm-up: linear or cosine (both to 0),
    cosine_with_restarts, cosine_with_min_lr, constant, inverse_sqrt, polynomial,
    warmup_stable_decay (or wsd), or a registered one."""

    lr_scheduler_kwargs: Kwargs = Field(default_factory=dict)
    """Additional arguments for the schedule, such as `num_cycles` or `min_lr`."""

    warmup_ratio: Share | None = None
    """The fraction of all steps in which the learning rate rises from 0; 0 to 1."""

    warmup_steps: Whole | None = None
    """The number of steps in which the learning rate rises from 0; excludes
    `warmup_ratio`."""

    optimizer: Annotated[StrictStr, OPTIMIZER] = "adamw_torch"
    """One of adamw_torch, adamw_torch_fused, adamw (that is adamw_torch), adam, sgd,
    adafactor, lion, muon (for the matrices inside the model, and adamw_torch for the
    rest), adamw_8bit, adam_8bit, lion_8bit, paged_adamw_8bit (of bitsandbytes), or a
    registered one."""

    optimizer_kwargs: Kwargs = Field(default_factory=dict)
    """Additional arguments for the optimizer, named as in its class."""

    weight_decay: Amount = 0.0
    """The weight decay, at least 0."""

    weight_decay_on_norms_and_biases: StrictBool = True
    """Whether weight decay also applies to biases and normalization weights."""

    parameter_groups: Annotated[list[ParameterGroupParams], EMPTY_LIST] = Field(
        default_factory=list
    )
    """Parameters with their own learning rate or weight decay. A parameter belongs to
    the first group that names it."""

    adam_beta1: Decay = 0.9
    """Adam's decay rate for the mean of gradients; 0 to less than 1."""

    adam_beta2: Decay = 0.999
    """Adam's decay rate for the mean of squared gradients; 0 to less than 1."""

    adam_epsilon: Amount = 1e-8
    """The term Adam adds to the denominator for numerical stability; at least 0."""

    sgd_momentum: Amount = 0.0
    """The momentum of SGD; at least 0."""

    max_grad_norm: Amount | None = 1.0
    """The maximum norm of the gradient, to which it is clipped; None or 0 for no
    clipping."""

    ema_decay: Decay | None = None
    """Keeps a moving average of the weights with this decay, 0 to less than 1, such as
    0.999. The average is evaluated and saved in the end; training continues from the
    weights themselves. None for no average."""

    def _optimization_mistakes(self) -> dict[str | Key, str]:
        wrong: dict[str | Key, str] = {}
        schedule, options = self.lr_scheduler_type, self.lr_scheduler_kwargs
        for key, sentence in schedule_mistakes(schedule, options):
            wrong["lr_scheduler_kwargs", *key] = sentence
        if self.warmup_ratio is not None and self.warmup_steps is not None:
            wrong["warmup_steps"] = "is given with warmup_ratio; keep one of the two"
        for name in _FIELDS_FOR.keys() & self.optimizer_kwargs.keys():
            wrong["optimizer_kwargs", name] = (
                f"has a field of its own; write {_FIELDS_FOR[name]} next to "
                "optimizer_kwargs"
            )
        return wrong


_FIELDS_FOR = {
    "lr": "learning_rate",
    "weight_decay": "weight_decay",
    "eps": "adam_epsilon",
    "params": "parameter_groups",
}
