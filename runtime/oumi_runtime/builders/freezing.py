"""Keeps parts of a model from being trained."""

from collections.abc import Sequence

from torch import nn

from oumi_runtime.builders.name_patterns import named_parameters_of


def freeze_layers(model: nn.Module, patterns: Sequence[str]) -> int:
    """Has no gradient computed for some parameters.

    What a module keeps in buffers, the running mean of a batch norm say, still follows
    the data in training mode.

    Args:
        model: The model.
        patterns: Full names of modules or parameters, such as `embedding` or
            `layers.0.norm`; `*` stands for anything, dots included.

    Returns:
        How many parameters were frozen.

    Raises:
        ModelBuildError: A pattern matches nothing.
    """
    frozen = named_parameters_of(model, patterns, "model.freeze_layers")
    for parameter in frozen:
        parameter.requires_grad_(False)
    return len(frozen)
