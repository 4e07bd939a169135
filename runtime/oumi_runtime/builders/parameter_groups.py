"""Sorts the parameters of a model into optimizer groups."""

from typing import Any

from torch import nn

from oumi_runtime.builders.models.name_patterns import named_parameters_of
from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.exceptions import ModelBuildError


def build_parameter_groups(
    model: nn.Module, config: TrainingParams
) -> list[dict[str, Any]]:
    """Sorts the trainable parameters into optimizer groups.

    Args:
        model: The model.
        config: Contains `parameter_groups`, of which the first that matches a parameter
            applies, and `weight_decay_on_norms_and_biases`.

    Returns:
        Nonempty parameter groups for an optimizer: `params`, and `lr` and
        `weight_decay` if they differ from the config's. The group with neither comes
        first.

    Raises:
        ModelBuildError: The model has nothing to train, or a pattern matches nothing.
    """
    trainable = [p for p in model.parameters() if p.requires_grad]
    if not trainable:
        raise ModelBuildError(
            f"{type(model).__name__} has no parameter to train; check "
            "model.freeze_layers and model.adapter_trainable"
        )
    rates: dict[int, dict[str, float]] = {}
    for number, group in enumerate(config.parameter_groups):
        field = f"training.parameter_groups[{number}].parameters"
        given = {"lr": group.learning_rate, "weight_decay": group.weight_decay}
        own = {name: value for name, value in given.items() if value is not None}
        for parameter in named_parameters_of(model, group.parameters, field):
            rates.setdefault(id(parameter), own)
    if not config.weight_decay_on_norms_and_biases:
        for parameter in _norms_and_biases(model):
            own = rates.get(id(parameter), {})
            rates[id(parameter)] = {"weight_decay": 0.0, **own}
    groups: dict[tuple[tuple[str, float], ...], list[nn.Parameter]] = {(): []}
    for parameter in trainable:
        key = tuple(sorted(rates.get(id(parameter), {}).items()))
        groups.setdefault(key, []).append(parameter)
    return [{"params": held, **dict(key)} for key, held in groups.items() if held]


def _norms_and_biases(model: nn.Module) -> list[nn.Parameter]:
    """Returns parameters named as biases, and all those of normalization modules."""
    return [
        parameter
        for module in model.modules()
        for name, parameter in module.named_parameters(recurse=False)
        if name.endswith("bias") or "Norm" in type(module).__name__
    ]
