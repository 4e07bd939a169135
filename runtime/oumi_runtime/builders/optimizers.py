"""Builds the optimizer that a config names."""

from typing import Any

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.exceptions import ModelBuildError


def build_optimizer(model: nn.Module, config: TrainingParams) -> Optimizer:
    """Builds an optimizer over the trainable parameters.

    Args:
        model: The model, on its device.
        config: Names the optimizer and gives its rates.

    Returns:
        `torch.optim`'s AdamW, Adam or SGD, in the fused form where there is one.

    Raises:
        ModelBuildError: The model has no trainable parameter.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    if not parameters:
        raise ModelBuildError(
            f"{type(model).__name__} has no trainable parameter; give it one, or leave "
            "some of its layers unfrozen"
        )
    options: dict[str, Any] = {
        "lr": config.learning_rate,
        "weight_decay": config.weight_decay,
        "fused": _can_fuse(parameters),
    }
    if config.optimizer == "sgd":
        return SGD(parameters, momentum=config.sgd_momentum, **options)
    options["betas"] = (config.adam_beta1, config.adam_beta2)
    options["eps"] = config.adam_epsilon
    adam_class = Adam if config.optimizer == "adam" else AdamW
    return adam_class(parameters, **options)


def _can_fuse(parameters: list[nn.Parameter]) -> bool:
    """Whether torch has a fused step for all of them."""
    return all(
        p.is_floating_point() and p.device.type in ("cpu", "cuda", "mps", "xpu")
        for p in parameters
    )
