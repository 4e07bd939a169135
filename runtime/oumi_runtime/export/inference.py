"""The model as it is served: named tensors in, named tensors out, no loss."""

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.trainers.model_calls import outputs_of, terms_of
from oumi_runtime.exceptions import ModelForwardError

Outputs = dict[str, torch.Tensor]
Inputs = dict[str, torch.Tensor]


class InferenceModule(nn.Module):
    """Calls a model, and returns its predictions as a plain dict.

    What another library calls its outputs, such as the classes of transformers, would
    be needed to load a program that returns it.
    """

    def __init__(self, model: nn.Module) -> None:
        """Initializes it from a model in evaluation mode."""
        super().__init__()
        self.model = model
        self.eval()

    def forward(self, **inputs: torch.Tensor) -> Outputs:
        """Returns the predictions by name."""
        return predictions_in(tensors_in(self.model(**inputs), self.model))


def with_named_inputs(model: nn.Module, names: Sequence[str]) -> nn.Module:
    """Returns an `InferenceModule` whose forward names its arguments.

    torch.export keeps the names of arguments, which `**inputs` does not give it.
    """

    def forward(self: InferenceModule, **inputs: torch.Tensor) -> Outputs:
        return InferenceModule.forward(self, **inputs)

    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    named = [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY) for n in names]
    forward.__signature__ = inspect.Signature([own, *named])  # type: ignore[attr-defined]
    module_class = type("InferenceModule", (InferenceModule,), {"forward": forward})
    module: nn.Module = module_class(model)
    return module


def tensors_in(outputs: Any, model: nn.Module) -> Outputs:
    """Returns the tensors in a model's outputs by name.

    Raises:
        ModelForwardError: They have no names.
    """
    if not hasattr(outputs, "items"):
        raise ModelForwardError(
            f"{type(model).__name__}.forward returns a {type(outputs).__name__}; "
            "return a dict of tensors by name"
        )
    return {k: v for k, v in outputs.items() if isinstance(v, torch.Tensor)}


def predictions_in(outputs: Outputs) -> Outputs:
    """Returns the outputs without the loss, its terms, and other numbers to log."""
    logged = {"loss", *terms_of(outputs)}
    return {name: value for name, value in outputs.items() if name not in logged}


def outputs_for(model: nn.Module, batch: Batch) -> Outputs:
    """Calls the model itself, without gradients."""
    with torch.inference_mode():
        return tensors_in(outputs_of(model, model, batch), model)
