"""Builds the optimizer that a config names."""

from collections.abc import Callable
from typing import Any

from torch import nn
from torch.optim import SGD, Adafactor, Adam, AdamW, Optimizer

from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.exceptions import ModelBuildError, RegisteredValueError

_ADAM: dict[str, type[Adam]] = {
    "adamw_torch": AdamW,
    "adamw_torch_fused": AdamW,
    "adamw": AdamW,
    "adam": Adam,
}


def build_optimizer(model: nn.Module, config: TrainingParams) -> Optimizer:
    """Builds an optimizer over the trainable parameters.

    Args:
        model: The model, on its device.
        config: Names the optimizer and gives its rates. A registered optimizer is
            called with the list of trainable parameters and this section.

    Returns:
        `torch.optim`'s AdamW, Adam or SGD, in the fused form; its Adafactor; or what is
        registered.

    Raises:
        ModelBuildError: The model has nothing to train.
        KeyError: The name is neither one of these nor registered.
        RegisteredValueError: What is registered makes no optimizer.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    if not parameters:
        raise ModelBuildError(
            f"{type(model).__name__} has no parameter to train; look at "
            "model.freeze_layers, and at model.adapter_trainable"
        )
    name = config.optimizer
    if name == "adafactor":
        return Adafactor(
            parameters, lr=config.learning_rate, weight_decay=config.weight_decay
        )
    if name != "sgd" and name not in _ADAM:
        return _registered(name, parameters, config)
    options: dict[str, Any] = {
        "lr": config.learning_rate,
        "weight_decay": config.weight_decay,
        "fused": _can_fuse(parameters),
    }
    if name == "sgd":
        return SGD(parameters, momentum=config.sgd_momentum, **options)
    options["betas"] = (config.adam_beta1, config.adam_beta2)
    options["eps"] = config.adam_epsilon
    return _ADAM[name](parameters, **options)


def _registered(
    name: str, parameters: list[nn.Parameter], config: TrainingParams
) -> Optimizer:
    make: Callable[..., object] = REGISTRY[name, RegistryType.OPTIMIZER]
    optimizer = make(parameters, config)
    if not isinstance(optimizer, Optimizer):
        kind = RegistryType.OPTIMIZER.value
        raise RegisteredValueError(kind, name, optimizer, Optimizer)
    return optimizer


def _can_fuse(parameters: list[nn.Parameter]) -> bool:
    """Whether torch has a fused step for all of them."""
    return all(
        p.is_floating_point() and p.device.type in ("cpu", "cuda", "mps", "xpu")
        for p in parameters
    )
