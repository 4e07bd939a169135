"""The peft section: training a few added weights instead of all weights (LoRA)."""

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
    """How the added weights are initialized. `pissa_niter_16` and so on also work."""

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
    """What a training with adapters saves in `output_dir`."""

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
    """Low-rank adapters (LoRA, Hu et al. 2021), used if `training.use_peft` is true."""

    lora_r: Natural = 8
    """The rank of the added matrices, at least 1."""

    lora_alpha: Natural = 8
    """The scaling factor of the adapters, divided by `lora_r`; at least 1."""

    lora_dropout: Decay = 0.0
    """The dropout probability on the adapters' input; 0 to less than 1."""

    lora_target_modules: list[StrictStr] | None = None
    """The modules to adapt, by the ends of their names; `[all-linear]` for every linear
    module. None means the same for a registered model, and the default of its
    architecture for a Hugging Face model."""

    lora_exclude_modules: list[StrictStr] | None = None
    """Modules not to adapt: regular expressions that match whole names."""

    lora_target_parameters: list[StrictStr] | None = None
    """Parameters, rather than modules, to adapt, by the ends of their names."""

    lora_modules_to_save: list[StrictStr] | None = None
    """Modules to train in full and save with the adapter."""

    lora_bias: Annotated[StrictStr, choice("none", "all", "lora_only")] = "none"
    """Which biases to train: none, all, or those of the adapted modules
    (`lora_only`)."""

    lora_init_weights: Annotated[
        LoraWeightInitialization | str, BeforeValidator(_initialization)
    ] = LoraWeightInitialization.DEFAULT
    """How to initialize the added matrices: default, random, gaussian, pissa,
    pissa_niter_16 (or another number) or olora."""

    lora_task_type: Annotated[TaskType, member(TaskType)] = TaskType.CAUSAL_LM
    """The task of a Hugging Face model; not needed for a registered model."""

    peft_save_mode: Annotated[PeftSaveMode, member(PeftSaveMode, _BOTH)] = (
        PeftSaveMode.ADAPTER_ONLY
    )
    """What to save in the end: the adapter (`adapter_only`), or the model with the
    adapter merged into its weights (`merged`)."""

    def __finalize_and_validate__(self) -> None:
        """Checks that the saved files are enough to restore the trained model."""
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
