"""The part of the training section about how fast a step is, and in what memory."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictBool, StrictStr

from oumi_runtime.core.configs.checking import KEY_ITSELF
from oumi_runtime.core.configs.params.base_params import BaseParams, section
from oumi_runtime.core.configs.params.field_types import Kwargs, choice, member
from oumi_runtime.core.configs.params.training_choices import MixedPrecisionDtype
from oumi_runtime.core.configs.places import Key
from oumi_runtime.core.configs.sentences import shown
from oumi_runtime.exceptions import suggestion


def _switch(given: Any) -> Any:
    return ("on" if given else "off") if isinstance(given, bool) else given


Switch = Annotated[StrictStr, choice("auto", "on", "off"), BeforeValidator(_switch)]


@section
class SpeedParams(BaseParams):
    """Precision, compilation, and where things are kept."""

    mixed_precision_dtype: Annotated[
        MixedPrecisionDtype, member(MixedPrecisionDtype)
    ] = MixedPrecisionDtype.NONE
    """The type of the arithmetic: none (that of the parameters), bf16, or fp16."""

    tf32: StrictBool = False
    """Whether float32 products of matrices may be rounded to 10 bits of mantissa, on
    GPUs that are faster so."""

    compile: StrictBool = False
    """Whether to compile the model with torch.compile; as `model.compile`."""

    compile_kwargs: Kwargs = Field(default_factory=dict)
    """More arguments of torch.compile: `mode`, `dynamic`, `fullgraph`, `backend`,
    `options`."""

    cuda_graphs: Switch = "off"
    """Whether a GPU is given the whole step at once, which suits small models: on, off,
    or auto, where it is possible. The log says what was chosen and why."""

    channels_last: Switch = "auto"
    """Whether weights of convolutions over images lie in memory channel by channel of a
    pixel, which is faster; auto where a model has such. Saved models are the same;
    dropout draws in another order."""

    keep_freed_memory: Switch = "auto"
    """Whether the process keeps what a step frees for the next one, up to 2 GiB, rather
    than give it back to the system; auto where the model is in the main memory. Only
    glibc can do it."""

    data_on_device: Switch = "auto"
    """Whether a dataset in memory is copied to the GPU once, rather than batch by
    batch; auto where it takes at most a tenth of the GPU's free memory."""

    group_by_length: StrictBool = False
    """Whether texts of similar length go into the same step, so that less is padded: of
    50 steps in memory, of 4,096 samples of a stream. It changes which samples meet in a
    step, which is why it is off."""

    enable_gradient_checkpointing: StrictBool = False
    """Whether to compute activations again in the backward pass, to save memory."""

    gradient_checkpointing_kwargs: Kwargs = Field(default_factory=dict)
    """How: `modules`, the patterns of names of the modules whose activations are
    computed again (the layers, where the model has a list of them), and `use_reentrant`
    (false by default)."""

    split_on_out_of_memory: StrictBool = False
    """Whether a step that does not fit in the GPU's memory is done again in smaller
    micro-batches, with the same mean over the step."""

    def _speed_mistakes(self) -> Iterator[tuple[str | Key, str]]:
        # As in other sections, what a switched-off part would do may stay in the file.
        for name in self.compile_kwargs:
            if name not in _COMPILE_KWARGS:
                yield (
                    ("compile_kwargs", name, KEY_ITSELF),
                    f"is not known{suggestion(name, _COMPILE_KWARGS)}; there are "
                    f"{', '.join(_COMPILE_KWARGS)}",
                )
        yield from self._wrong_checkpointing()

    def _wrong_checkpointing(self) -> Iterator[tuple[str | Key, str]]:
        field = "gradient_checkpointing_kwargs"
        for name, value in self.gradient_checkpointing_kwargs.items():
            if name not in ("modules", "use_reentrant"):
                near = suggestion(name, ("modules", "use_reentrant"))
                yield (
                    (field, name, KEY_ITSELF),
                    f"is not known{near}; available: modules, use_reentrant",
                )
            elif name == "use_reentrant" and not isinstance(value, bool):
                yield (field, name), f"{shown(value)} is not true or false"
            elif name == "modules" and not (
                isinstance(value, list) and all(isinstance(each, str) for each in value)
            ):
                yield (field, name), f"{shown(value)} is not a list of names"


_COMPILE_KWARGS = ("mode", "dynamic", "fullgraph", "backend", "options")
