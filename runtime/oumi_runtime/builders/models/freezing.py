"""Freezes parts of a model."""

from collections.abc import Sequence

from torch import nn

from oumi_runtime.builders.models.name_patterns import named_parameters_of


def freeze_layers(model: nn.Module, patterns: Sequence[str]) -> int:
    """Freezes parameters, so that no gradients are computed for them.

    Buffers, such as the running mean of a batch norm, are still updated in training
    mode.

    Args:
        model: The model.
        patterns: Full names of modules or parameters, such as `embedding` or
            `layers.0.norm`; `*` matches anything, including dots.

    Returns:
        The number of parameters that were frozen.

    Raises:
        ModelBuildError: A pattern matches nothing.
    """
    frozen = named_parameters_of(model, patterns, "model.freeze_layers")
    for parameter in frozen:
        parameter.requires_grad_(False)
    return len(frozen)
