"""Matches names of modules and parameters: `embedding`, `layers.*.norm`."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from torch import nn

from oumi_runtime.exceptions import ModelBuildError, suggestion


def named_parameters_of(
    model: nn.Module, patterns: Sequence[str], field: str
) -> list[nn.Parameter]:
    """Returns the parameters that match any pattern, in the model's order.

    Args:
        model: The model.
        patterns: Full names of modules or parameters; `*` matches anything, including
            dots. A module's name stands for all parameters inside it.
        field: The config field of the patterns, for errors.

    Raises:
        ModelBuildError: A pattern matches nothing.
    """
    owned = _owned(model)
    chosen: dict[int, nn.Parameter] = {}
    for pattern in patterns:
        found = [p for name, p in owned if fnmatchcase(name, pattern)]
        if not found:
            names = list(dict.fromkeys(name for name, _ in owned))
            what = "nothing with parameters"
            raise ModelBuildError(_nothing_matches(model, pattern, names, field, what))
        chosen.update((id(parameter), parameter) for parameter in found)
    return [p for p in model.parameters() if id(p) in chosen]


def named_modules_of(
    model: nn.Module, patterns: Sequence[str], field: str
) -> list[nn.Module]:
    """Returns the modules that match any pattern, in the model's order.

    Args:
        model: The model; it is not included itself.
        patterns: Full names of modules; `*` matches anything, including dots.
        field: The config field of the patterns, for errors.

    Raises:
        ModelBuildError: A pattern matches nothing.
    """
    modules = {name: module for name, module in model.named_modules() if name}
    chosen: set[str] = set()
    for pattern in patterns:
        found = [name for name in modules if fnmatchcase(name, pattern)]
        if not found:
            names = list(modules)
            what = "no module"
            raise ModelBuildError(_nothing_matches(model, pattern, names, field, what))
        chosen.update(found)
    return [module for name, module in modules.items() if name in chosen]


def _owned(model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """Returns each parameter with its own name, and those of the modules around it."""
    owned: list[tuple[str, nn.Parameter]] = []
    for name, parameter in model.named_parameters(remove_duplicate=False):
        parts = name.split(".")
        names = (".".join(parts[:end]) for end in range(1, len(parts) + 1))
        owned += [(each, parameter) for each in names]
    return owned


def _nothing_matches(
    model: nn.Module, pattern: str, names: Sequence[str], field: str, what: str
) -> str:
    hint = suggestion(pattern, names)
    if not hint:
        top = ", ".join(name for name, _ in model.named_children())
        hint = f"; at the top it has {top}" if top else "; it has no modules"
    return f"{field}: {what} in {type(model).__name__} is named {pattern!r}{hint}"
