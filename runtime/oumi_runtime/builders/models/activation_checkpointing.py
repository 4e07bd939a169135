"""Recomputes a model's activations in the backward pass, to save memory."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from torch import nn
from torch.utils.checkpoint import checkpoint

from oumi_runtime.builders.models.name_patterns import named_modules_of
from oumi_runtime.exceptions import ModelBuildError

_FIELD = "training.gradient_checkpointing_kwargs.modules"


def checkpoint_activations(model: nn.Module, options: Mapping[str, Any]) -> int:
    """Keeps only the inputs of some modules until the backward pass.

    Gradients and random numbers stay the same (Chen et al. 2016, "Training Deep Nets
    with Sublinear Memory Cost"), and so do the names of parameters.

    Args:
        model: The model, which is modified.
        options: `modules`, name patterns of modules; by default these are the layers,
            meaning the members of every `nn.ModuleList`, or of `nn.Sequential` if there
            is no list. `use_reentrant` is false by default.

    Returns:
        The number of modules that were modified.

    Raises:
        ModelBuildError: A pattern matches nothing, or the model has no list of layers.
    """
    patterns = options.get("modules")
    chosen = named_modules_of(model, patterns, _FIELD) if patterns else _layers(model)
    inside = {id(m) for each in chosen for m in each.modules() if m is not each}
    outermost = [module for module in chosen if id(module) not in inside]
    for module in outermost:
        module.forward = _forgetful(
            module.forward, use_reentrant=bool(options.get("use_reentrant", False))
        )
    return len(outermost)


def _forgetful(
    forward: Callable[..., Any], *, use_reentrant: bool
) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        # The reentrant variant does not pass keyword arguments to the function.
        whole = partial(forward, **kwargs) if kwargs else forward
        return checkpoint(whole, *args, use_reentrant=use_reentrant)

    return run


def _layers(model: nn.Module) -> list[nn.Module]:
    for kind in (nn.ModuleList, nn.Sequential):
        lists = [each for each in model.modules() if isinstance(each, kind)]
        layers = [layer for each in lists for layer in each if _has_parameters(layer)]
        if layers:
            return layers
    names = [name for name, child in model.named_children() if _has_parameters(child)]
    raise ModelBuildError(
        f"training.enable_gradient_checkpointing: {type(model).__name__} has no list "
        f"of layers; name modules in gradient_checkpointing_kwargs, such as "
        f"modules: [{', '.join(names)}]"
    )


def _has_parameters(module: nn.Module) -> bool:
    return any(True for _ in module.parameters())
