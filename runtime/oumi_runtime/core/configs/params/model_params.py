"""The model section: which model, with which arguments, in which precision, where."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StrictStr

from oumi_runtime.core.configs.params.base_params import MISSING, BaseParams, section
from oumi_runtime.core.configs.params.field_types import Kwargs, choice, wrong
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


def _device(given: str) -> str:
    if not re.fullmatch(r"auto|cpu|cuda(:[0-9]{1,4})?|mps", given.lower()):
        raise wrong(
            f"{given!r} is not one of auto, cpu, cuda, cuda:0 (or another), mps"
        )
    return given.lower()


@section
class ModelParams(BaseParams):
    """The model, and how it is made."""

    model_name: StrictStr = MISSING
    """A registered name, in any case, or the folder of a saved model. Required."""

    model_kwargs: Kwargs = Field(default_factory=dict)
    """Arguments of the model's constructor, by name."""

    tokenizer_name: StrictStr | None = None
    """What turns text into `input_ids`: a tokenizer of transformers, by name or folder,
    or `bytes`. None leaves it to the dataset, which trains one on its train split."""

    model_max_length: Annotated[StrictInt, Field(ge=1)] | None = None
    """The most tokens in a sample, at least 1; longer ones are cut. None for the
    dataset's own limit."""

    load_pretrained_weights: StrictBool | None = None
    """Whether to load saved weights. None does as the name says: a registered name
    starts fresh, a folder is loaded. True needs a folder; False with a folder makes the
    saved architecture with fresh weights."""

    trust_remote_code: StrictBool = False
    """Always false: no model runs code that comes with its weights."""

    torch_dtype_str: Annotated[
        StrictStr,
        choice("auto", "float32", "bfloat16", "float16", "float64", aliases=_DTYPES),
    ] = "auto"
    """The type of the parameters. `auto` is float32 for a fresh model, and the saved
    type for a loaded one. Short names such as fp32 and bf16 are taken too."""

    device_map: Annotated[StrictStr, AfterValidator(_device)] | None = "auto"
    """Where the model is put: auto (a GPU if there is one), cpu, cuda, cuda:0 and so
    on, or mps. None leaves it where it was made."""

    def __finalize_and_validate__(self) -> None:
        """Checks that there is a name, and that no code is asked for."""
        wrong_fields: dict[str, str] = {}
        if self.model_name == MISSING or not self.model_name.strip():
            wrong_fields["model_name"] = (
                "is missing; write a registered name or the folder of a saved model"
            )
        if self.trust_remote_code:
            wrong_fields["trust_remote_code"] = (
                "true is not possible: no model runs code that comes with its weights; "
                "write false"
            )
        if wrong_fields:
            raise SectionError(wrong_fields)
