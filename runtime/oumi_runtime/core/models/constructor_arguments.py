"""Records the arguments that a model is made with, so that it can be made again."""

import copy
import functools
import inspect
from collections.abc import Callable
from typing import Any

from torch import nn


def recording_arguments(constructor: Callable[..., None]) -> Callable[..., None]:
    """Wraps a constructor so that it first keeps its arguments in `_init_kwargs`.

    Of the constructors that a subclass's calls on its way up, the first one counts.

    Args:
        constructor: The `__init__` of a module class.
    """
    signature = inspect.signature(constructor)

    @functools.wraps(constructor)
    def recording(self: nn.Module, /, *args: Any, **kwargs: Any) -> None:
        if "_init_kwargs" not in self.__dict__:
            # nn.Module takes no attribute before its own constructor has run.
            self.__dict__["_init_kwargs"] = _by_name(signature, self, args, kwargs)
        constructor(self, *args, **kwargs)

    return recording


def _by_name(
    signature: inspect.Signature,
    model: nn.Module,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> dict[str, Any]:
    """The arguments by name, defaults included; empty where they do not fit."""
    try:
        bound = signature.bind(model, *args, **kwargs)
    except TypeError:
        return {}  # The constructor itself is about to raise the better error.
    bound.apply_defaults()
    arguments: dict[str, Any] = {}
    for name, value in list(bound.arguments.items())[1:]:
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            arguments.update(value)
        elif kind is not inspect.Parameter.VAR_POSITIONAL:
            arguments[name] = value
    # A list that the caller changes later must not change what is saved.
    return {
        name: copy.deepcopy(value) if isinstance(value, list | dict) else value
        for name, value in arguments.items()
    }
