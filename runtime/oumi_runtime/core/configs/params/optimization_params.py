"""The part of the training section about the mathematics of a step."""

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
    """Parameters that are trained in a way of their own."""

    parameters: Names = Field(default_factory=list)
    """Full names of modules or parameters, such as `embedding` or `layers.*.norm`; `*`
    stands for anything, dots included. At least one."""

    learning_rate: Amount | None = None
    """Their highest learning rate, at least 0; None for that of the others."""

    weight_decay: Amount | None = None
    """How strongly they are pulled to 0, at least 0; None as the others."""

    def __finalize_and_validate__(self) -> None:
        """Checks that it names something and changes something."""
        if not self.parameters:
            raise SectionError({"parameters": "names nothing; give names or patterns"})
        if self.learning_rate is None and self.weight_decay is None:
            sentence = "and weight_decay are both missing; set at least one"
            raise SectionError({"learning_rate": sentence})


@section
class OptimizationParams(BaseParams):
    """How a step changes the parameters."""

    learning_rate: Amount = 5e-5
    """The highest learning rate, reached after the warm-up; at least 0."""

    lr_scheduler_type: Annotated[
        StrictStr, choice(*SchedulerType, aliases=SCHEDULE_ALIASES, is_open=True)
    ] = "linear"
    """How the learning rate goes on after the warm-up: linear or cosine (both to 0),
    cosine_with_restarts, cosine_with_min_lr, constant, inverse_sqrt, polynomial,
    warmup_stable_decay (or wsd), or a registered one."""

    lr_scheduler_kwargs: Kwargs = Field(default_factory=dict)
    """More arguments of the schedule, such as `num_cycles` or `min_lr`."""

    warmup_ratio: Share | None = None
    """The part of all steps in which the learning rate rises from 0; 0 to 1."""

    warmup_steps: Whole | None = None
    """The steps in which the learning rate rises from 0; not with `warmup_ratio`."""

    optimizer: Annotated[StrictStr, OPTIMIZER] = "adamw_torch"
    """One of adamw_torch, adamw_torch_fused, adamw (that is adamw_torch), adam, sgd,
    adafactor, lion, muon (for the matrices inside the model, and adamw_torch for the
    rest), adamw_8bit, adam_8bit, lion_8bit, paged_adamw_8bit (of bitsandbytes), or a
    registered one."""

    optimizer_kwargs: Kwargs = Field(default_factory=dict)
    """More arguments of the optimizer, by the names that its class gives them."""

    weight_decay: Amount = 0.0
    """How strongly weights are pulled to 0, at least 0."""

    weight_decay_on_norms_and_biases: StrictBool = True
    """Whether that holds for biases, and for the weights of normalizations, too."""

    parameter_groups: Annotated[list[ParameterGroupParams], EMPTY_LIST] = Field(
        default_factory=list
    )
    """Parameters with rates of their own. A parameter is in the first group that names
    it."""

    adam_beta1: Decay = 0.9
    """The decay of Adam's mean of gradients; 0 to less than 1."""

    adam_beta2: Decay = 0.999
    """The decay of Adam's mean of squared gradients; 0 to less than 1."""

    adam_epsilon: Amount = 1e-8
    """What Adam adds to a divisor to keep it from 0; at least 0."""

    sgd_momentum: Amount = 0.0
    """The part of the last step that SGD repeats; at least 0."""

    max_grad_norm: Amount | None = 1.0
    """The norm that longer gradients are cut to; None or 0 for no cutting."""

    ema_decay: Decay | None = None
    """Keeps a moving average of the weights with this decay, 0 to less than 1, such as
    0.999. It is what is measured and saved at the end; the training goes on from the
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
