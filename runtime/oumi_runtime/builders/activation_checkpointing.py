"""Has a model compute activations again in the backward pass, to save memory."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from torch import nn
from torch.utils.checkpoint import checkpoint

from oumi_runtime.builders.name_patterns import named_modules_of
from oumi_runtime.exceptions import ModelBuildError

_FIELD = "training.gradient_checkpointing_kwargs.modules"


def checkpoint_activations(model: nn.Module, options: Mapping[str, Any]) -> int:
    """Keeps only the inputs of some modules until the backward pass.

    Gradients and random numbers are those of the model as it was (Chen et al. 2016,
    "Training Deep Nets with Sublinear Memory Cost"). Names of parameters stay.

    Args:
        model: The model; it is changed.
        options: `modules`, patterns of the names of modules; without them it is the
            layers, the members of every `nn.ModuleList` (of `nn.Sequential` where there
            is not a list). `use_reentrant` is false by default.

    Returns:
        How many modules were changed.

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
        # The reentrant kind takes no keyword arguments of the function.
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
