"""Imports the class that `wrap` is pointed at, and reads its constructor."""

import importlib
import inspect
import math
import typing
from collections.abc import Callable
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, cast

from torch import nn

from oumi_runtime.core.models import BaseModel
from oumi_runtime.exceptions import WrappingError

_SCALARS: dict[object, str] = {bool: "bool", int: "int", float: "float", str: "str"}
_Kind = inspect.Parameter
_PASSING: dict[object, str] = {
    _Kind.POSITIONAL_ONLY: "position",
    _Kind.VAR_POSITIONAL: "items",
}


class Parameter(NamedTuple):
    """A parameter of a constructor, read.

    `default` is of no use without one, or where it is not a literal; `hint` is the type
    if it is one that a config can hold, such as `int | None`. `passing` is how it is
    given: by `name`, by `position` only, or as further `items`, like `*sizes`.
    """

    name: str
    is_required: bool
    default: object = None
    has_literal: bool = False
    hint: str = ""
    passing: str = "name"


class Factory(NamedTuple):
    """What makes the module: the class or function, and the parameters it has."""

    make: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    takes_others: bool


def load(module: str, name: str) -> Factory:
    """Imports a class as generated code will, and reads its parameters.

    Args:
        module: The module that has it, which can be imported.
        name: The name of the class, or of a function that returns a module.

    Raises:
        WrappingError: It cannot be imported, or is nothing that makes a module.
    """
    target = f"{module}:{name}"
    try:
        make: object = getattr(importlib.import_module(module), name)
    except (Exception, SystemExit) as error:
        raise WrappingError(target, f"importing it raises {told(error)}") from error

    if isinstance(make, type) and issubclass(make, BaseModel):
        reason = "it is a BaseModel already: register it, and list its file in"
        raise WrappingError(target, f"{reason} oumi_requirements.txt")
    if isinstance(make, type) and not issubclass(make, nn.Module):
        raise WrappingError(target, "it is not a torch.nn.Module")
    if not callable(make):
        what = type(make).__name__
        reason = f"it is a {what}: name a class, or a function that returns a module"
        raise WrappingError(target, reason)
    try:
        signature = inspect.signature(make)
    except (TypeError, ValueError) as error:
        raise WrappingError(target, f"its signature cannot be read: {error}") from error
    is_class = isinstance(make, type)
    hints = _hints(inspect.getattr_static(make, "__init__") if is_class else make)
    kinds = [each.kind for each in signature.parameters.values()]
    return Factory(
        make,
        tuple(
            _parameter(each, hints.get(each.name))
            for each in signature.parameters.values()
            if each.kind is not _Kind.VAR_KEYWORD
        ),
        _Kind.VAR_KEYWORD in kinds,
    )


def told(error: BaseException) -> str:
    """Returns an error in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _parameter(parameter: inspect.Parameter, hint: object) -> Parameter:
    passing = _PASSING.get(parameter.kind, "name")
    has_default = parameter.default is not inspect.Parameter.empty
    is_required = not has_default and passing != "items"
    default = parameter.default if has_default else None
    return Parameter(
        parameter.name,
        is_required,
        default,
        has_default and _is_literal(default),
        _type_text(hint),
        passing,
    )


def _hints(function: object) -> dict[str, object]:
    """Returns the types of parameters; none if one of them cannot be resolved."""
    try:
        return typing.get_type_hints(function)
    except Exception:  # whatever the user's annotations raise
        return {}


def _type_text(hint: object) -> str:
    """Returns the type as generated code has it; nothing if a config cannot hold it."""
    origin = typing.get_origin(hint)
    arguments: tuple[object, ...] = typing.get_args(hint)
    choices = [each for each in arguments if isinstance(each, str)]
    if origin is Literal and len(choices) == len(arguments):
        return f"Literal[{', '.join(map(repr, choices))}]"
    if origin in (Union, UnionType):
        others = [each for each in arguments if each is not NoneType]
        text = _type_text(others[0]) if len(others) == 1 else ""
        return f"{text} | None" if text else ""
    return _SCALARS.get(hint, "") if isinstance(hint, type) else ""


def _is_literal(value: object) -> bool:
    if type(value) in (list, tuple):
        return all(map(_is_literal, cast(list[object], value)))
    if type(value) is float:
        return math.isfinite(value)
    return value is None or type(value) in _SCALARS
