"""Records the arguments that a model is made with, so that it can be made again."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from torch import nn

from oumi_runtime.exceptions import ModelBuildError

_MARK = "_records_arguments"


def recording_arguments(constructor: Callable[..., None]) -> Callable[..., None]:
    """Wraps a constructor so that it first keeps its arguments in `_init_kwargs`.

    If a constructor calls that of its base class, only the outermost one counts.

    Args:
        constructor: The `__init__` of a module class.
    """
    if hasattr(constructor, _MARK):
        return constructor
    signature = inspect.signature(constructor)

    @functools.wraps(constructor)
    def recording(self: nn.Module, /, *args: Any, **kwargs: Any) -> None:
        recorded = self.__dict__.get("_init_kwargs")
        if recorded is None:
            # nn.Module takes no attribute before its own constructor has run.
            self.__dict__["_init_kwargs"] = _by_name(signature, self, args, kwargs)
        constructor(self, *args, **kwargs)
        if recorded is not None:
            # What this class told BaseModel are not the subclass's arguments.
            self.__dict__["_init_kwargs"] = recorded
        else:
            _refuse_hidden_criterion(self)

    setattr(recording, _MARK, True)
    return recording


def _refuse_hidden_criterion(model: nn.Module) -> None:
    """Raises if the constructor sets a criterion that the class's own one hides.

    PyTorch keeps modules apart from attributes, and would use the class's silently.
    """
    assigned = model.__dict__.get("_modules", {}).get("criterion")
    if assigned is None or model.criterion is assigned:
        return
    name = type(model).__name__
    raise ModelBuildError(
        f"{name}.__init__ sets criterion, but the criterion of the class is used: set "
        "another name, such as loss_fn, and return it from the property criterion"
    )


def unsaveable_argument(arguments: dict[str, Any]) -> str | None:
    """Names the first argument that JSON would not give back, and its type.

    A tuple is allowed, although it comes back as a list.
    """
    for name, value in arguments.items():
        culprit = _not_json(value)
        if culprit is not None:
            return f"{name!r} is or holds a {type(culprit[0]).__name__}"
    return None


def _not_json(value: Any) -> tuple[Any] | None:
    """Returns a tuple with the first part of a value that is not JSON, or None."""
    if value is None or isinstance(value, str | int | float):
        return None
    parts: list[Any]
    if isinstance(value, list | tuple):
        parts = list(value)
    elif isinstance(value, dict) and all(isinstance(key, str) for key in value):
        parts = list(value.values())
    else:
        return (value,)
    return next((found for part in parts if (found := _not_json(part))), None)


def _by_name(
    signature: inspect.Signature,
    model: nn.Module,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> dict[str, Any]:
    """Returns the arguments by name with defaults; empty if they do not fit.

    Positional arguments of a `*sizes` are kept under that name, with the star.
    """
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
        elif value:
            arguments[f"*{name}"] = value
    return {name: _snapshot(value) for name, value in arguments.items()}


def _snapshot(value: Any) -> Any:
    """Copies a value, so that later changes to a list or dict do not affect it."""
    if type(value) is list:
        return [_snapshot(part) for part in value]
    if type(value) is dict:
        return {key: _snapshot(part) for key, part in value.items()}
    return value
