"""The fields of the training section about speed and memory."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictBool, StrictStr

from oumi_runtime.core.configs.checking import KEY_ITSELF
from oumi_runtime.core.configs.error_messages import shown
from oumi_runtime.core.configs.params.base_params import BaseParams, section
from oumi_runtime.core.configs.params.field_types import Kwargs, choice, member
from oumi_runtime.core.configs.params.training_choices import MixedPrecisionDtype
from oumi_runtime.core.configs.places import Key
from oumi_runtime.exceptions import suggestion


def _switch(given: Any) -> Any:
    return ("on" if given else "off") if isinstance(given, bool) else given


Switch = Annotated[StrictStr, choice("auto", "on", "off"), BeforeValidator(_switch)]


@section
class SpeedParams(BaseParams):
    """Precision, compilation, and memory use."""

    mixed_precision_dtype: Annotated[
        MixedPrecisionDtype, member(MixedPrecisionDtype)
    ] = MixedPrecisionDtype.NONE
    """The dtype of autocast: none (no autocast), bf16, or fp16."""

    tf32: StrictBool = False
    """Whether float32 matrix products may use TF32 (a mantissa of 10 bits) on GPUs that
    support it."""

    compile: StrictBool = False
    """Whether to compile the model with torch.compile; the same as `model.compile`."""

    compile_kwargs: Kwargs = Field(default_factory=dict)
    """Additional arguments for torch.compile: `mode`, `dynamic`, `fullgraph`,
    `backend`, `options`."""

    cuda_graphs: Switch = "off"
    """Whether to capture the whole step in a CUDA graph, which speeds up small models:
    on, off, or auto, which uses it if possible. The log says what was chosen and
    why."""

    channels_last: Switch = "auto"
    """Whether to store the weights of 2D convolutions in channels_last memory format,
    which is faster; auto does so if the model has any. Saved models are the same, but
    dropout draws its numbers in another order."""

    keep_freed_memory: Switch = "auto"
    """Whether the process keeps memory that a step frees for the next one, up to 2 GiB,
    instead of returning it to the system; auto does so for models on the CPU. It
    needs glibc."""

    data_on_device: Switch = "auto"
    """Whether to copy an in-memory dataset to the GPU once, rather than batch by batch;
    auto does so if it takes at most a tenth of the GPU's free memory."""

    group_by_length: StrictBool = False
    """Whether to put texts of similar length into the same step, so that there is less
    padding: sorted within 50 steps for data in memory, or within 4,096 samples of a
    stream. It is off by default because it changes which samples share a step."""

    enable_gradient_checkpointing: StrictBool = False
    """Whether to recompute activations in the backward pass, to save memory."""

    gradient_checkpointing_kwargs: Kwargs = Field(default_factory=dict)
    """Its options: `modules`, name patterns of the modules whose activations are
    recomputed (by default the layers, if the model has a list of them), and
    `use_reentrant` (false by default)."""

    split_on_out_of_memory: StrictBool = False
    """Whether to retry a step that does not fit in GPU memory with smaller
    micro-batches, with the same mean over the step."""

    def _speed_mistakes(self) -> Iterator[tuple[str | Key, str]]:
        # Options of a feature that is off are allowed, as in other sections.
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
