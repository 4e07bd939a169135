"""A compiled forward pass that hands out only what a training step reads.

Whatever a compiled function returns is given a gradient, of zeros where none comes. For
the logits of a language model these are gigabytes to write and to read in every step.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn


def compiled_pass(model: nn.Module, options: dict[str, Any]) -> Callable[..., Any]:
    """Compiles a model together with the choice of its single numbers.

    Args:
        model: The model.
        options: Arguments of torch.compile.

    Returns:
        A function that takes what the model takes, and returns the outputs of it that
        are single numbers, by name; all of them if there is no loss.
    """

    def single_numbers(**batch: Any) -> Any:
        outputs = model(**batch)
        if not hasattr(outputs, "items") or "loss" not in outputs:
            return outputs
        return {
            name: value
            for name, value in outputs.items()
            if name == "loss" or (isinstance(value, torch.Tensor) and value.ndim == 0)
        }

    compiled: Callable[..., Any] = torch.compile(single_numbers, **options)
    return compiled
