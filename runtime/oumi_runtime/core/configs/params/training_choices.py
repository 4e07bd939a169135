"""The choices of the training section, and the types of its fields."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, StrictInt

from oumi_runtime.core.configs.error_messages import shown
from oumi_runtime.core.configs.params.field_types import choice, member, wrong


class TrainerType(StrEnum):
    """Which trainer runs the training loop."""

    OUMI = "oumi"
    HF = "hf"


class SchedulerType(StrEnum):
    """How the learning rate changes after the warm-up."""

    LINEAR = "linear"
    COSINE = "cosine"
    COSINE_WITH_RESTARTS = "cosine_with_restarts"
    COSINE_WITH_MIN_LR = "cosine_with_min_lr"
    CONSTANT = "constant"
    INVERSE_SQRT = "inverse_sqrt"
    POLYNOMIAL = "polynomial"
    WARMUP_STABLE_DECAY = "warmup_stable_decay"


class MixedPrecisionDtype(StrEnum):
    """The dtype of autocast; parameters keep their own dtype."""

    NONE = "none"
    FP16 = "fp16"
    BF16 = "bf16"


_INSTEAD = "which is not supported; write oumi or hf"
_CHAT = f"tunes language models for chat, {_INSTEAD}"
_PREFERENCES = f"is for preference tuning, {_INSTEAD}"
_REINFORCED = f"is for reinforcement learning, {_INSTEAD}"
_DISTILLED = f"is for distilling a teacher, {_INSTEAD}"
_PAGED = (
    "moves its state between GPU and main memory, which is not supported; write "
    "adamw_8bit, or adafactor to save memory"
)

OPTIMIZERS = (
    "adamw_torch",
    "adamw_torch_fused",
    "adamw",
    "adam",
    "sgd",
    "adafactor",
    "lion",
    "muon",
    "adamw_8bit",
    "adam_8bit",
    "lion_8bit",
    "paged_adamw_8bit",
)
OPTIMIZER = choice(
    *OPTIMIZERS,
    aliases={"adamw_bnb_8bit": "adamw_8bit", "lion_32bit": "lion"},
    refused={"paged_": _PAGED},
    is_open=True,
)
TRAINER = member(
    TrainerType,
    {
        "trl_sft": _CHAT,
        "trl_dpo": _PREFERENCES,
        "trl_kto": _PREFERENCES,
        "trl_gkd": _DISTILLED,
        "trl_gold": _DISTILLED,
        "trl_": _REINFORCED,
        "verl_": _REINFORCED,
    },
    is_open=True,
)
LOG_LEVEL = choice("debug", "info", "warning", "error", "critical")


def _steps_or_unlimited(given: int) -> int:
    if given != -1 and given < 1:
        raise wrong(
            f"{given} is out of range; it must be at least 1, or -1 for no limit"
        )
    return given


def _steps_or_none(given: int) -> int:
    if given < -1:
        raise wrong(f"{given} is out of range; it must be at least 0, or -1 for none")
    return max(given, 0)


def _steps_or_share(given: Any) -> Any:
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise wrong(f"{shown(given)} is not a number; write one such as 500 or 0.1")
    is_share = isinstance(given, float) and 0 < given < 1
    if not is_share and not (isinstance(given, int) and given >= 1):
        raise wrong(
            f"{shown(given)} is out of range; it must be a whole number, at least 1, "
            "or a share of all steps, more than 0 and less than 1"
        )
    return given


StepLimit = Annotated[StrictInt, AfterValidator(_steps_or_unlimited)]
StepsOrNone = Annotated[StrictInt, AfterValidator(_steps_or_none)]
StepsOrShare = Annotated[int | float, BeforeValidator(_steps_or_share)]
