"""Words pydantic's errors: what was given, what is allowed, what to do.

Covers wrong types, values out of range, and unknown keys.
"""

import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import Any, get_args

from oumi_runtime.core.configs.places import Key
from oumi_runtime.core.configs.unsupported import refused_in
from oumi_runtime.exceptions import nearest

UNKNOWN = {"unexpected_keyword_argument", "no_such_attribute"}

_LIMITS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}

_TYPES: dict[str, Callable[[Any], str]] = {
    "int_type": lambda given: f"is not a whole number{_number_hint(given, '10')}",
    "float_type": lambda given: f"is not a number{_number_hint(given, '1e-4')}",
    "finite_number": lambda given: "is not a finite number",
    "bool_type": lambda given: "is neither true nor false; write one of them",
    "string_type": lambda given: f"is not a string; put it in quotes: {str(given)!r}",
    "dict_type": lambda given: "is not a mapping; write `key: value` lines below it",
    "dataclass_type": lambda given: (
        "is not a section; write `key: value` lines below it"
    ),
    "list_type": lambda given: "is not a list; write `- ` before each entry",
    "invalid_key": lambda given: "is not the name of a key",
}


def sentence(details: Any, section: type[Any], key: Key) -> str:
    """Describes what is wrong with a key or its value.

    Args:
        details: One of the errors of a pydantic ValidationError.
        section: The class of the section that the key is relative to.
        key: The key.
    """
    kind, given = details["type"], details["input"]
    context = details.get("ctx", {})
    if kind in UNKNOWN:
        return _about_unknown(section, key, given)
    if kind == "sentence":
        return str(context["sentence"])
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        return f"{shown(given)} is out of range; it must be {words} {context[name]}"
    if kind in _TYPES:
        return f"{shown(given)} {_TYPES[kind](given)}"
    return f"{shown(given)}: {details['msg']}"


def shown(given: Any) -> str:
    """Returns a value as YAML would write it, shortened to one short line."""
    words = {True: "true", False: "false", None: "null"}
    if given is None or isinstance(given, bool):
        return words[given]
    text = repr(given)
    return text if len(text) <= 60 else f"{text[:57]}..."


def meant(section: type[Any], key: Key) -> str | None:
    """Returns the name of the field that an unknown key is probably meant to be."""
    return nearest(str(key[-1]), _names_at(section, key[:-1]))


def is_refused(section: type[Any], key: Key) -> bool:
    """Whether an unknown key is one of Oumi's that is not supported here."""
    return key[-1] in refused_in(_section_at(section, key[:-1]))


def _number_hint(given: Any, example: str) -> str:
    whole = example.isdigit()
    try:
        number = float(given)
    except (TypeError, ValueError, OverflowError):
        return f"; write a number such as {example}"
    usable = number.is_integer() if whole else math.isfinite(number)
    if isinstance(given, bool) or not usable:
        return f"; write a number such as {example}"
    # `1_000` without quotes is a number in YAML 1.1.
    quoted = isinstance(given, str) and "_" not in given
    quotes = " without quotes" if quoted else ""
    return f"; write {int(number) if whole else number}{quotes}"


def _about_unknown(section: type[Any], key: Key, value: Any) -> str:
    refused = refused_in(_section_at(section, key[:-1])).get(str(key[-1]))
    if refused is not None:
        whole = isinstance(refused.default, dict)
        return refused.sentence if whole else f"{shown(value)} {refused.sentence}"
    near = meant(section, key)
    if near:
        return f"unknown key (did you mean {near!r}?)"
    home = [name for name, names in _sections(section) if key[-1] in names]
    if home:
        return f"unknown key (it belongs in {home[0]!r})"
    names = _names_at(section, key[:-1])
    if len(names) <= 12:
        return f"unknown key; valid keys are {', '.join(names)}"
    return "unknown key; `oumi-scaffold schema` lists the valid ones"


def _section_at(section: Any, key: Key) -> Any:
    """Returns the class of the section at a key."""
    for part in key:
        if isinstance(part, int):
            section = get_args(section)[0]
        else:
            section = fields_of(section).get(part)
        section = plain(section)
    return section if isinstance(section, type) else object


def _names_at(section: Any, key: Key) -> list[str]:
    return list(fields_of(_section_at(section, key)))


def _sections(section: Any, above: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yields the name and the field names of every subsection."""
    for name, hint in fields_of(section).items():
        inner = fields_of(plain(hint))
        if inner:
            yield f"{above}{name}", list(inner)
            yield from _sections(plain(hint), f"{above}{name}.")


def fields_of(section: Any) -> dict[str, Any]:
    """Returns the fields of a section and their annotations; empty for other types."""
    is_section = isinstance(section, type) and dataclasses.is_dataclass(section)
    return {f.name: f.type for f in dataclasses.fields(section)} if is_section else {}


def plain(hint: Any) -> Any:
    """Returns `T` for `Annotated[T, ...]`."""
    return get_args(hint)[0] if hasattr(hint, "__metadata__") else hint
