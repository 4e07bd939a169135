"""Keeps parts of a model from being trained."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from torch import nn

from oumi_runtime.exceptions import ModelBuildError, suggestion


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
    frozen: dict[int, nn.Parameter] = {}
    for pattern in patterns:
        chosen = [p for name, p in _owned(model) if fnmatchcase(name, pattern)]
        if not chosen:
            raise ModelBuildError(_nothing_matches(model, pattern))
        frozen.update((id(parameter), parameter) for parameter in chosen)
    for parameter in frozen.values():
        parameter.requires_grad_(False)
    return len(frozen)


def _owned(model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """Each parameter with its own name, and with that of each module around it."""
    owned: list[tuple[str, nn.Parameter]] = []
    for name, parameter in model.named_parameters(remove_duplicate=False):
        parts = name.split(".")
        names = (".".join(parts[:end]) for end in range(1, len(parts) + 1))
        owned += [(each, parameter) for each in names]
    return owned


def _nothing_matches(model: nn.Module, pattern: str) -> str:
    names = list(dict.fromkeys(name for name, _ in _owned(model)))
    hint = suggestion(pattern, names)
    if not hint:
        top = ", ".join(name for name, _ in model.named_children())
        hint = f"; at the top it has {top}" if top else "; it has no modules"
    return (
        f"model.freeze_layers: nothing with parameters in {type(model).__name__} is "
        f"named {pattern!r}{hint}"
    )
