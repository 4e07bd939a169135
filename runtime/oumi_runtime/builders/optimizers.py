"""Builds the optimizer of a config."""

import inspect
from typing import Any

from torch import nn
from torch.optim import SGD, Adafactor, Adam, AdamW, Optimizer

from oumi_runtime.builders.arguments import argument_mistake
from oumi_runtime.builders.models.memory_format import keep_state_in_format
from oumi_runtime.builders.parameter_groups import build_parameter_groups
from oumi_runtime.core.configs import MixedPrecisionDtype, TrainingParams
from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.core.trainers.optimizers.lion import Lion
from oumi_runtime.core.trainers.optimizers.muon import MuonWithAdamW, inner_matrices
from oumi_runtime.exceptions import (
    ConfigError,
    MissingExtraError,
    Mistake,
    RegisteredValueError,
)

_ADAM: dict[str, type[Adam]] = {
    "adamw_torch": AdamW,
    "adamw_torch_fused": AdamW,
    "adamw": AdamW,
    "adam": Adam,
}
_EIGHT_BIT = {
    "adamw_8bit": "AdamW8bit",
    "adam_8bit": "Adam8bit",
    "lion_8bit": "Lion8bit",
    "paged_adamw_8bit": "PagedAdamW8bit",
}
_HOW = {"capturable", "foreach", "fused"}


def build_optimizer(model: nn.Module, config: TrainingParams) -> Optimizer:
    """Builds an optimizer over the trainable parameters.

    Args:
        model: The model, on its device.
        config: The training section. A registered optimizer is called with the list of
            trainable parameters, or parameter groups if the config has several, and
            this section.

    Returns:
        AdamW, Adam or SGD of `torch.optim`, fused if possible; its Adafactor; Lion;
        Muon; an optimizer of bitsandbytes; or a registered one.

    Raises:
        ModelBuildError: The model has nothing to train, or a pattern of
            `parameter_groups` matches nothing.
        ConfigError: The optimizer does not accept `optimizer_kwargs`.
        KeyError: The optimizer is neither built in nor registered.
        MissingExtraError: bitsandbytes is needed, but not installed.
        RegisteredValueError: The registered optimizer is not an `Optimizer`.
    """
    groups = build_parameter_groups(model, config)
    name = config.optimizer
    options: dict[str, Any] = {
        "lr": config.learning_rate,
        "weight_decay": config.weight_decay,
    }
    adam: dict[str, Any] = {
        "betas": (config.adam_beta1, config.adam_beta2),
        "eps": config.adam_epsilon,
    }
    fused = {"fused": _can_fuse(groups)}
    device = groups[0]["params"][0].device
    if config.cuda_graphs != "off" and device.type == "cuda" and name in _ADAM:
        adam["capturable"] = True
    if name in _ADAM:
        return _make(_ADAM[name], groups, {**options, **adam, **fused}, config)
    if name == "sgd":
        momentum = {"momentum": config.sgd_momentum}
        if config.mixed_precision_dtype is MixedPrecisionDtype.FP16:
            # Where the first step overflows, a fused one leaves the momentum unset.
            fused = {"fused": False}
        return _make(SGD, groups, {**options, **momentum, **fused}, config)
    if name == "adafactor":
        return _make(Adafactor, groups, options, config)
    if name == "lion":
        return _make(Lion, groups, options, config)
    if name == "muon":
        options["adamw"] = {**adam, **fused}
        return _make(MuonWithAdamW, _split_for_muon(model, groups), options, config)
    if name in _EIGHT_BIT:
        if name != "lion_8bit":
            options |= adam
        return _make(_eight_bit(name), groups, options, config)
    return _registered(name, groups, config)


def _make(
    optimizer: type[Optimizer],
    groups: list[dict[str, Any]],
    options: dict[str, Any],
    config: TrainingParams,
) -> Optimizer:
    """Creates the optimizer from `optimizer_kwargs` and the fields of the config."""
    try:
        options = options | config.optimizer_kwargs
        if mistake := argument_mistake(optimizer, {"params": groups, **options}):
            raise TypeError(mistake)
        made = optimizer(groups, **options)
        keep_state_in_format(made)
        made.register_load_state_dict_pre_hook(_computed_as_here)
        return made
    except (TypeError, ValueError, RuntimeError) as error:
        if not config.optimizer_kwargs:
            raise
        sentence = f"{optimizer.__name__} {error}"
        key = "training.optimizer_kwargs"
        raise ConfigError([Mistake("", key, sentence)]) from error


def _computed_as_here(optimizer: Optimizer, state: dict[str, Any]) -> dict[str, Any]:
    """Keeps this machine's way to compute steps when loading a state from another."""
    how = {name: optimizer.defaults[name] for name in _HOW & optimizer.defaults.keys()}
    groups = [{**group, **how} for group in state["param_groups"]]
    return {**state, "param_groups": groups}


def _split_for_muon(
    model: nn.Module, groups: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    inner = inner_matrices(model)
    split = []
    for group in groups:
        for is_muon in (True, False):
            held = [p for p in group["params"] if (id(p) in inner) is is_muon]
            if held:
                split.append({**group, "params": held, "is_muon": is_muon})
    return split


def _eight_bit(name: str) -> type[Optimizer]:
    try:
        # Imported only where it is used: it is an extra, and looks for GPUs.
        from bitsandbytes import optim  # pyright: ignore[reportMissingImports]
    except ModuleNotFoundError:
        asked_by = f"training.optimizer: {name}"
        raise MissingExtraError("bitsandbytes", asked_by, extra="8bit") from None
    optimizer: type[Optimizer] = getattr(optim, _EIGHT_BIT[name])
    return optimizer


def _registered(
    name: str, groups: list[dict[str, Any]], config: TrainingParams
) -> Optimizer:
    make: Any = REGISTRY[name, RegistryType.OPTIMIZER]
    if isinstance(make, type) and issubclass(make, Optimizer):
        options = {"lr": config.learning_rate, "weight_decay": config.weight_decay}
        taken = inspect.signature(make).parameters
        options = {key: value for key, value in options.items() if key in taken}
        return _make(make, groups, options, config)
    is_one = len(groups) == 1 and groups[0].keys() == {"params"}
    optimizer = make(groups[0]["params"] if is_one else groups, config)
    if not isinstance(optimizer, Optimizer):
        kind = RegistryType.OPTIMIZER.value
        raise RegisteredValueError(kind, name, optimizer, Optimizer)
    return optimizer


def _can_fuse(groups: list[dict[str, Any]]) -> bool:
    """Whether torch has a fused step for all of the parameters."""
    return all(
        p.is_floating_point() and p.device.type in ("cpu", "cuda", "mps", "xpu")
        for group in groups
        for p in group["params"]
    )
