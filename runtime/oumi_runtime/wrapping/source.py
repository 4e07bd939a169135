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
from oumi_runtime.wrapping.config_objects import ConfigObject, config_object

_SCALARS: dict[object, str] = {bool: "bool", int: "int", float: "float", str: "str"}
_MANY = 24  # settings that are still of use in every config
_Kind = inspect.Parameter
_PASSING: dict[object, str] = {
    _Kind.POSITIONAL_ONLY: "position",
    _Kind.VAR_POSITIONAL: "items",
}


class Parameter(NamedTuple):
    """A parameter of a constructor, read.

    `default` is of no use without one, or where it is not a literal; `hint` is the type
    if it is one that a config can hold, such as `int | None`. `passing` is how it is
    given: by `name`, by `position` only, as further `items`, like `*sizes`, in a
    `config` object, or as an `attribute` of that. One that is not listed is taken over
    only if it is set, or a size of the data.
    """

    name: str
    is_required: bool
    default: object = None
    has_literal: bool = False
    hint: str = ""
    passing: str = "name"
    is_listed: bool = True


class Factory(NamedTuple):
    """What makes the module: the class or function, and the parameters it has.

    `others` is how further ones can be given, by `name` or in the `config`; nothing if
    there can be none. `forward` is the module's, if it is a class.
    """

    make: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    others: str
    config: ConfigObject | None = None
    forward: Callable[..., Any] | None = None


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
        imported = importlib.import_module(module)
        make: object = getattr(imported, name)
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
    parameters, others = _parameters(signature, hints)
    forward = getattr(make, "forward", None)
    config = config_object(make, imported, hints)
    if config is None:
        return Factory(make, parameters, "name" if others else "", None, forward)
    own = tuple(each for each in parameters if each.name != config.parameter)
    settings, others = _settings(config, [each.name for each in own])
    joined = config.joined(make, tuple(each.name for each in own))
    return Factory(
        joined, (*settings, *own), "config" if others else "", config, forward
    )


def told(error: BaseException) -> str:
    """Returns an error in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _parameters(
    signature: inspect.Signature, hints: dict[str, object]
) -> tuple[tuple[Parameter, ...], bool]:
    """Returns the parameters, and whether others can be given by name."""
    given = signature.parameters.values()
    return (
        tuple(
            _parameter(each, hints.get(each.name))
            for each in given
            if each.kind is not _Kind.VAR_KEYWORD
        ),
        any(each.kind is _Kind.VAR_KEYWORD for each in given),
    )


def _settings(
    config: ConfigObject, own: list[str]
) -> tuple[tuple[Parameter, ...], bool]:
    """Returns the parameters of a config, and whether it takes others."""
    found, takes_others = _parameters(
        inspect.signature(config.make), _hints(config.make.__init__)
    )
    is_listed = len(found) <= _MANY
    settings = [each._replace(passing="config", is_listed=is_listed) for each in found]
    if isinstance(getattr(config.make, "num_labels", None), property):
        # Those of transformers have it beside their fields.
        settings.append(
            Parameter(
                "num_labels",
                is_required=False,
                has_literal=True,
                hint="int",
                passing="attribute",
                is_listed=False,
            )
        )
    return tuple(each for each in settings if each.name not in own), takes_others


def _parameter(parameter: inspect.Parameter, hint: object) -> Parameter:
    passing = _PASSING.get(parameter.kind, "name")
    has_default = parameter.default is not inspect.Parameter.empty
    is_required = not has_default and passing != "items"
    default = parameter.default if has_default else None
    return Parameter(
        parameter.name,
        is_required=is_required,
        default=default,
        has_literal=has_default and _is_literal(default),
        hint=_type_text(hint),
        passing=passing,
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
