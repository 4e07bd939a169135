"""The peft section: training a few added weights in place of all (LoRA)."""

import re
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, StrictStr

from oumi_runtime.core.configs.params.base_params import BaseParams, section
from oumi_runtime.core.configs.params.field_types import (
    Decay,
    Natural,
    choice,
    member,
)
from oumi_runtime.exceptions import SectionError


class LoraWeightInitialization(StrEnum):
    """How the added weights begin. `pissa_niter_16` and so on are taken as well."""

    DEFAULT = "default"
    RANDOM = "random"
    GAUSSIAN = "gaussian"
    EVA = "eva"
    PISA = "pissa"
    PISSA_NITER = "pissa_niter_[number of iters]"
    LOFTQ = "loftq"
    OLORA = "olora"


class TaskType(StrEnum):
    """What the adapted model is for; the names are those of the `peft` package."""

    CAUSAL_LM = "CAUSAL_LM"
    SEQ_2_SEQ_LM = "SEQ_2_SEQ_LM"
    SEQ_CLS = "SEQ_CLS"
    TOKEN_CLS = "TOKEN_CLS"
    QUESTION_ANS = "QUESTION_ANS"
    FEATURE_EXTRACTION = "FEATURE_EXTRACTION"


class PeftSaveMode(StrEnum):
    """What a training with adapters leaves in `output_dir`."""

    ADAPTER_ONLY = "adapter_only"
    ADAPTER_AND_BASE_MODEL = "adapter_and_base_model"
    MERGED = "merged"


_BOTH = {
    "adapter_and_base_model": "is not supported: one folder holds one model; "
    "write adapter_only or merged"
}
_NOT_BEGUN_WITH = {
    "eva": "is not supported: it needs activations on the data before training "
    "starts; write pissa or olora, which start from the weights",
    "loftq": "is for quantised weights (bitsandbytes), which are not supported; "
    "write pissa or olora",
    "pissa_niter_[": "needs a number; write pissa_niter_16, for example",
}
_ITERATIONS = re.compile(r"pissa_niter_[0-9]{1,4}")
_by_name = member(LoraWeightInitialization, _NOT_BEGUN_WITH)


def _initialization(given: Any) -> Any:
    if isinstance(given, str) and _ITERATIONS.fullmatch(given.lower()):
        return given.lower()
    return _by_name.pick(given)


@section
class PeftParams(BaseParams):
    """Low-rank adapters (Hu et al. 2021, LoRA), where `training.use_peft` is true."""

    lora_r: Natural = 8
    """The rank of the added matrices, at least 1."""

    lora_alpha: Natural = 8
    """The scale of what they add, in units of 1 / `lora_r`; at least 1."""

    lora_dropout: Decay = 0.0
    """The part of their input that is dropped in training; 0 to less than 1."""

    lora_target_modules: list[StrictStr] | None = None
    """The modules that get them, by the end of their names; `[all-linear]` for every
    linear one, as None for a registered model. None leaves it to a Hugging Face one."""

    lora_exclude_modules: list[StrictStr] | None = None
    """Regular expressions of whole module names that get none."""

    lora_target_parameters: list[StrictStr] | None = None
    """Parameters, rather than modules, that get them, by the end of their names."""

    lora_modules_to_save: list[StrictStr] | None = None
    """Modules that are trained whole, and saved with the adapter."""

    lora_bias: Annotated[StrictStr, choice("none", "all", "lora_only")] = "none"
    """Which biases are trained: none, all, or those of the adapted modules
    (`lora_only`)."""

    lora_init_weights: Annotated[
        LoraWeightInitialization | str, BeforeValidator(_initialization)
    ] = LoraWeightInitialization.DEFAULT
    """How the added matrices begin: default, random, gaussian, pissa, pissa_niter_16
    (or another number) or olora."""

    lora_task_type: Annotated[TaskType, member(TaskType)] = TaskType.CAUSAL_LM
    """What a model of Hugging Face is adapted for; a registered model needs none."""

    peft_save_mode: Annotated[PeftSaveMode, member(PeftSaveMode, _BOTH)] = (
        PeftSaveMode.ADAPTER_ONLY
    )
    """What is saved in the end: the adapter (`adapter_only`), or the model with the
    adapter added to its weights (`merged`)."""

    def __finalize_and_validate__(self) -> None:
        """Checks that what is saved holds all that was trained."""
        takes_from_weights = str(self.lora_init_weights).startswith(("pissa", "olora"))
        if takes_from_weights and self.peft_save_mode is not PeftSaveMode.MERGED:
            raise SectionError(
                {
                    "peft_save_mode": f"lora_init_weights {self.lora_init_weights} "
                    "starts from the weights of the model, which an adapter alone does "
                    "not hold; write merged"
                },
                {"peft_save_mode": ["lora_init_weights"]},
            )
