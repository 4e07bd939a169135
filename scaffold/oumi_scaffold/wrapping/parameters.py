"""Reads the parameters that a constructor has, and what `--set` says about them."""

import ast
from collections.abc import Mapping
from typing import NamedTuple, cast

from oumi_scaffold.exceptions import InvalidValueError

SCALARS: Mapping[type, str] = {bool: "bool", int: "int", float: "float", str: "str"}
"""The types that a config can hold, by their names in generated code."""

_WORDS: Mapping[str, object] = {
    "true": True,
    "false": False,
    "none": None,
    "null": None,
}
_WANTED = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
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


def setting(parameter: Parameter, text: str) -> object:
    """Returns the value that `--set` gives, of the type that the argument has."""
    if parameter.passing == "items":
        value = _value(text)
        return value if items_of(value) is not None else (value,)
    kind = parameter.hint.partition(" |")[0]
    if not kind and parameter.has_literal:
        kind = SCALARS.get(type(parameter.default), "")
    value = _value(text)
    if value is None and ("None" in parameter.hint or parameter.default is None):
        return None
    if kind.startswith("Literal"):
        choices: list[str] = ast.literal_eval(kind.removeprefix("Literal"))
        if text not in choices:
            raise InvalidValueError(
                parameter.name, text, f"one of {', '.join(choices)}"
            )
        return text
    if kind == "str":
        return text
    if kind == "float" and type(value) is int:
        return float(value)
    if kind and SCALARS.get(type(value)) != kind:
        raise InvalidValueError(parameter.name, text, _WANTED[kind])
    return value


def whole_number(name: str, text: str) -> int:
    """Returns a size that was set.

    Raises:
        InvalidValueError: It is not a whole number above 0.
    """
    value = _value(text)
    if type(value) is not int or value < 1:
        raise InvalidValueError(name, text, "a whole number from 1")
    return value


def items_of(value: object) -> tuple[object, ...] | None:
    """Returns the items of a list or tuple; None of anything else."""
    if isinstance(value, list | tuple):
        return tuple(cast(list[object], value))
    return None


def _value(text: str) -> object:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        value: object = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return text
    is_plain = type(value) in SCALARS or items_of(value) is not None
    return value if is_plain else text
