"""From what pydantic found wrong to sentences with a place.

Holds the wording of type and range mistakes and of unknown keys. Rules that join
several fields live in the section that owns them.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar, get_args

from pydantic import TypeAdapter, ValidationError

from oumi_runtime.core.configs.places import Key, Place, Places, key_text
from oumi_runtime.exceptions import ConfigError, Mistake, suggestion

T = TypeVar("T")


def check(section: type[T], tree: Any, places: Places) -> T:
    """Returns a section, or a whole config, made from a plain tree.

    Raises:
        ConfigError: Holds every key that is unknown and every value that is wrong.
    """
    try:
        return TypeAdapter(section).validate_python(tree)
    except ValidationError as error:
        raise ConfigError(mistakes_of(error, section, places)) from None


def mistakes_of(
    error: ValidationError, section: type[Any], places: Places | None = None
) -> list[Mistake]:
    """Returns what pydantic found, in the order of the file."""
    places = places or Places()
    found: list[tuple[Place, Key, str]] = []
    for details in error.errors(include_url=False):
        key = details["loc"]
        is_key = details["type"] in _ABOUT_KEYS or key[-1:] == ("[key]",)
        if key[-1:] == ("[key]",):
            key = key[:-1]
        place = places.of_key(key) if is_key else places.of_value(key)
        sentence = _sentence(details, section, key)
        found.append((place, key, sentence))
    return in_order(found)


def in_order(found: Iterable[tuple[Place, Key, str]]) -> list[Mistake]:
    """Returns mistakes from the top of the file down, those of arguments last."""
    ordered = sorted(found, key=lambda m: (not m[0].line, m[0].line, m[0].column))
    return [Mistake(str(place), key_text(key), why) for place, key, why in ordered]


_UNKNOWN = {"unexpected_keyword_argument", "no_such_attribute"}
_ABOUT_KEYS = {*_UNKNOWN, "invalid_key"}

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
    "string_type": lambda given: f"is not a text; put it in quotes: {str(given)!r}",
    "dict_type": lambda given: "is not a mapping; write `key: value` lines below it",
    "dataclass_type": lambda given: (
        "is not a section; write `key: value` lines below it"
    ),
    "list_type": lambda given: "is not a list; write `- ` before each entry",
    "invalid_key": lambda given: "is not the name of a key",
}


def _sentence(details: Any, section: type[Any], key: Key) -> str:
    kind, given = details["type"], details["input"]
    context = details.get("ctx", {})
    if kind in _UNKNOWN:
        return f"unknown key{_unknown_hint(section, key)}"
    if kind == "sentence":
        return str(context["sentence"])
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        return f"{shown(given)} is out of range; it has to be {words} {context[name]}"
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


def _number_hint(given: Any, example: str) -> str:
    whole = example.isdigit()
    try:
        number = float(given)
    except (TypeError, ValueError, OverflowError):
        return f"; write a number such as {example}"
    usable = number.is_integer() if whole else math.isfinite(number)
    if isinstance(given, bool) or not usable:
        return f"; write a number such as {example}"
    quotes = " without quotes" if isinstance(given, str) else ""
    return f"; write {int(number) if whole else number}{quotes}"


def _unknown_hint(section: type[Any], key: Key) -> str:
    given, names = str(key[-1]), _names_at(section, key[:-1])
    near = suggestion(given, names)
    if near:
        return near
    home = [name for name, names in _sections(section) if given in names]
    if home:
        return f" (it belongs in {home[0]!r})"
    if len(names) <= 12:
        return f"; the keys here are {', '.join(names)}"
    return ""


def _names_at(section: Any, key: Key) -> list[str]:
    """Returns the field names of the section that a key leads to."""
    for part in key:
        if isinstance(part, int):
            section = get_args(section)[0]
        else:
            section = _fields(section).get(part)
        section = _plain(section)
    return list(_fields(section))


def _sections(section: Any, above: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yields the name and the field names of every section inside another."""
    for name, hint in _fields(section).items():
        inner = _fields(_plain(hint))
        if inner:
            yield f"{above}{name}", list(inner)
            yield from _sections(_plain(hint), f"{above}{name}.")


def _fields(section: Any) -> dict[str, Any]:
    is_section = isinstance(section, type) and dataclasses.is_dataclass(section)
    return {f.name: f.type for f in dataclasses.fields(section)} if is_section else {}


def _plain(hint: Any) -> Any:
    """Returns `T` for `Annotated[T, ...]`."""
    return get_args(hint)[0] if hasattr(hint, "__metadata__") else hint
