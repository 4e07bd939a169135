"""The training section: how long, how fast, in what precision, and what is kept."""

from enum import StrEnum
from typing import Annotated

from pydantic import (
    AfterValidator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
)

from oumi_runtime.core.configs.params.base_params import BaseParams, section
from oumi_runtime.core.configs.params.field_types import Kwargs, choice, member, wrong
from oumi_runtime.exceptions import SectionError


class TrainerType(StrEnum):
    """Who runs the training loop."""

    OUMI = "oumi"
    HF = "hf"


class SchedulerType(StrEnum):
    """How the learning rate goes on after the warm-up."""

    LINEAR = "linear"
    COSINE = "cosine"
    COSINE_WITH_RESTARTS = "cosine_with_restarts"
    COSINE_WITH_MIN_LR = "cosine_with_min_lr"
    CONSTANT = "constant"


class MixedPrecisionDtype(StrEnum):
    """The type of the arithmetic in a step; parameters keep their own."""

    NONE = "none"
    FP16 = "fp16"
    BF16 = "bf16"


_NOT_HERE = "is for tuning language models; here there are only oumi and hf"
_REFUSED_TRAINERS = {"trl_": _NOT_HERE, "verl_": _NOT_HERE}

_OPTIMIZERS = ("adamw_torch", "adamw_torch_fused", "adamw", "adam", "sgd")


def _steps_or_unlimited(given: int) -> int:
    if given != -1 and given < 1:
        raise wrong(
            f"{given} is out of range; it has to be at least 1, or -1 for no limit"
        )
    return given


Natural = Annotated[StrictInt, Field(ge=1)]
Whole = Annotated[StrictInt, Field(ge=0)]
Seed = Annotated[StrictInt, Field(ge=0, le=2**32 - 1)]
Amount = Annotated[StrictFloat, Field(ge=0)]
Decay = Annotated[StrictFloat, Field(ge=0, lt=1)]
Share = Annotated[StrictFloat, Field(ge=0, le=1)]


@section
class TrainingParams(BaseParams):
    """How the model is trained. A step is one change of the parameters."""

    trainer_type: Annotated[TrainerType, member(TrainerType, _REFUSED_TRAINERS)] = (
        TrainerType.OUMI
    )
    """`oumi`, the native trainer, or `hf`, the Trainer of transformers."""

    output_dir: StrictStr = "output"
    """The folder for checkpoints, the final model and the record of the run."""

    per_device_train_batch_size: Natural = 8
    """Samples in a micro-batch on each device, at least 1."""

    per_device_eval_batch_size: Natural = 8
    """Samples in a batch on each device while measuring, at least 1."""

    gradient_accumulation_steps: Natural = 1
    """Micro-batches in a step, at least 1."""

    max_steps: Annotated[StrictInt, AfterValidator(_steps_or_unlimited)] = -1
    """Steps after which to stop, at least 1. -1 leaves it to `num_train_epochs`, which
    has no say otherwise."""

    num_train_epochs: Natural = 3
    """Passes over the training data, at least 1, where `max_steps` is -1."""

    save_steps: Whole = 500
    """Steps between checkpoints; 0 for none."""

    save_epoch: StrictBool = False
    """Whether to write a checkpoint at the end of each epoch as well."""

    save_final_model: StrictBool = True
    """Whether to write the trained model into `output_dir` at the end."""

    seed: Seed = 42
    """The seed of fresh weights, dropout and the like; 0 to 2**32 - 1."""

    data_seed: Seed = 42
    """The seed of the order of samples; 0 to 2**32 - 1."""

    use_deterministic: StrictBool = False
    """Whether to use only operations that give the same bits each time; slower."""

    run_name: StrictStr | None = None
    """What to call the run in its record; None for the name of `output_dir`."""

    metrics_function: StrictStr | None = None
    """The registered metrics function to measure with; None for the usual one."""

    logging_steps: Natural = 50
    """Steps between log lines, at least 1."""

    logging_first_step: StrictBool = False
    """Whether to log the first step too."""

    eval_strategy: Annotated[StrictStr, choice("no", "steps", "epoch")] = "no"
    """When to measure on `data.validation`: `no`, every `eval_steps` `steps`, or after
    each `epoch`."""

    eval_steps: Natural = 500
    """Steps between measurements, at least 1, where `eval_strategy` is `steps`."""

    learning_rate: Amount = 5e-5
    """The highest learning rate, reached after the warm-up; at least 0."""

    lr_scheduler_type: Annotated[StrictStr, choice(*SchedulerType)] = "linear"
    """How the learning rate goes on after the warm-up: linear or cosine (both to 0),
    cosine_with_restarts, cosine_with_min_lr, or constant."""

    lr_scheduler_kwargs: Kwargs = Field(default_factory=dict)
    """More arguments of the schedule, such as `num_cycles` or `min_lr`."""

    warmup_ratio: Share | None = None
    """The part of all steps in which the learning rate rises from 0; 0 to 1."""

    warmup_steps: Whole | None = None
    """The steps in which the learning rate rises from 0; not with `warmup_ratio`."""

    optimizer: Annotated[StrictStr, choice(*_OPTIMIZERS)] = "adamw_torch"
    """One of adamw_torch, adamw_torch_fused, adamw (that is adamw_torch), adam, sgd."""

    weight_decay: Amount = 0.0
    """How strongly weights are pulled to 0, at least 0."""

    adam_beta1: Decay = 0.9
    """The decay of Adam's mean of gradients; 0 to less than 1."""

    adam_beta2: Decay = 0.999
    """The decay of Adam's mean of squared gradients; 0 to less than 1."""

    adam_epsilon: Amount = 1e-8
    """What Adam adds to a divisor to keep it from 0; at least 0."""

    sgd_momentum: Amount = 0.0
    """The part of the last step that SGD repeats; at least 0."""

    mixed_precision_dtype: Annotated[
        MixedPrecisionDtype, member(MixedPrecisionDtype)
    ] = MixedPrecisionDtype.NONE
    """The type of the arithmetic: none (that of the parameters), bf16, or fp16."""

    resume_from_checkpoint: StrictStr | None = None
    """The checkpoint folder to go on from; counts before the next field."""

    try_resume_from_last_checkpoint: StrictBool = False
    """Whether to go on from the newest whole checkpoint in `output_dir`, if any."""

    dataloader_num_workers: Whole = 0
    """Processes that load data, on each device; 0 loads in the training process."""

    max_grad_norm: Amount | None = 1.0
    """The norm that longer gradients are cut to; None or 0 for no cutting."""

    def __finalize_and_validate__(self) -> None:
        """Checks that the warm-up is given once."""
        if self.warmup_ratio is not None and self.warmup_steps is not None:
            raise SectionError(
                {"warmup_steps": "is given with warmup_ratio; keep one of the two"}
            )
