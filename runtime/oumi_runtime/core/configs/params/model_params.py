"""The model section: which model to build or load, with what arguments, and where."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictBool, StrictStr

from oumi_runtime.core.configs.error_messages import shown
from oumi_runtime.core.configs.params.base_params import MISSING, BaseParams, section
from oumi_runtime.core.configs.params.field_types import (
    Kwargs,
    Names,
    Natural,
    choice,
    wrong,
)
from oumi_runtime.exceptions import SectionError

_DTYPES = {
    "fp64": "float64",
    "f64": "float64",
    "double": "float64",
    "fp32": "float32",
    "f32": "float32",
    "float": "float32",
    "bf16": "bfloat16",
    "fp16": "float16",
    "f16": "float16",
    "half": "float16",
}


_DEVICE = re.compile(r"auto|cpu|cuda(:[0-9]{1,4})?|mps")
_PLACED = re.compile(r"cpu|disk|(cuda:)?[0-9]{1,4}|mps")


def _device_map(given: Any) -> Any:
    if given is None:
        return None
    if isinstance(given, str) and _DEVICE.fullmatch(given.lower()):
        return given.lower()
    if not isinstance(given, dict):
        raise wrong(
            f"{shown(given)} is not one of auto, cpu, cuda, cuda:0 (or another), mps; "
            "nor is it a mapping of modules to devices"
        )
    for module, device in given.items():
        if not isinstance(module, str):
            raise wrong(f"{shown(module)} is not the name of a module")
        if isinstance(device, bool) or not _PLACED.fullmatch(str(device).lower()):
            raise wrong(
                f"{module}: {shown(device)} is not one of cpu, cuda:0 or 0 (or "
                "another), mps, disk"
            )
    return given


@section
class ModelParams(BaseParams):
    """The model, and how it is built or loaded."""

    model_name: StrictStr = MISSING
    """A registered name, in any case; the folder of a saved model; or the name of a
    model on the Hugging Face hub. Required."""

    model_kwargs: Kwargs = Field(default_factory=dict)
    """Arguments of the model's constructor, by name."""

    adapter_model: StrictStr | None = None
    """The folder of a saved LoRA adapter to apply to the model."""

    adapter_trainable: StrictBool = False
    """Whether to continue training the adapter, and nothing else; false merges it into
    the weights of the model."""

    tokenizer_name: StrictStr | None = None
    """What turns text into `input_ids`: a tokenizer of transformers, by name or folder,
    or `bytes`. None uses the one saved with the weights, if weights are loaded;
    otherwise one is trained on the train split, on 20,000 of its texts at most."""

    tokenizer_pad_token: StrictStr | None = None
    """The token that a named tokenizer pads with; None for its own."""

    tokenizer_kwargs: Kwargs = Field(default_factory=dict)
    """Additional arguments for a named tokenizer."""

    model_max_length: Natural | None = None
    """The maximum number of tokens in a sample, at least 1; longer samples are
    truncated. None for the dataset's own limit."""

    load_pretrained_weights: StrictBool | None = None
    """Whether to load saved weights. None decides by the name: a registered
    name starts with fresh weights, a folder or a Hugging Face name is loaded. True
    needs one of the latter; False builds their architecture with fresh weights."""

    model_revision: StrictStr | None = None
    """The branch, tag or commit of a Hugging Face model; None for the newest."""

    trust_remote_code: StrictBool = False
    """Whether a Hugging Face model may run the code that comes with its weights. It
    does not apply to registered models."""

    torch_dtype_str: Annotated[
        StrictStr,
        choice("auto", "float32", "bfloat16", "float16", "float64", aliases=_DTYPES),
    ] = "auto"
    """The type of the parameters. `auto` is float32 for a fresh model, and the saved
    type for a loaded one. Short names such as fp32 and bf16 also work."""

    device_map: Annotated[str | dict[str, Any] | None, BeforeValidator(_device_map)] = (
        "auto"
    )
    """The device of the model: auto (a GPU if there is one), cpu, cuda, cuda:0 and so
    on, or mps; for a Hugging Face model also a mapping of modules to devices. None
    leaves it where it was built."""

    attn_implementation: StrictStr | None = None
    """How a Hugging Face model computes attention, such as sdpa, eager or
    flash_attention_2; None for its own choice."""

    compile: StrictBool = False
    """Whether to compile the model with torch.compile, in place."""

    freeze_layers: Names = Field(default_factory=list)
    """Modules or parameters to freeze: names, or patterns with `*`."""

    @property
    def is_named(self) -> bool:
        """Whether a name is given."""
        return self.model_name != MISSING and bool(self.model_name.strip())

    def __finalize_and_validate__(self) -> None:
        """Checks that a model is named, and an adapter too if it is to be trained."""
        wrong_fields: dict[str, str] = {}
        if not self.is_named:
            wrong_fields["model_name"] = (
                "is missing; write a registered name or the folder of a saved model"
            )
        if self.adapter_trainable and self.adapter_model is None:
            wrong_fields["adapter_trainable"] = (
                "true has no effect without adapter_model; name the adapter's folder"
            )
        if wrong_fields:
            rests_on = {"adapter_trainable": ["adapter_model"]}
            raise SectionError(wrong_fields, rests_on)
