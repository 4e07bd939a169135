"""The base class for config sections, and the decorator that defines one.

The rules that relate several fields are defined in the sections themselves.
"""

import dataclasses
import functools
import math
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any, TypeVar, dataclass_transform

from pydantic import ConfigDict, Field, ValidationError, model_validator
from pydantic.dataclasses import dataclass
from pydantic_core import ArgsKwargs

from oumi_runtime.core.configs.checking import (
    KEY_ITSELF,
    MAX_MISTAKES,
    Found,
    examine,
    found_in,
    in_order,
    without,
)
from oumi_runtime.core.configs.places import Key, Places
from oumi_runtime.core.configs.unsupported import without_defaults
from oumi_runtime.exceptions import ConfigError, SectionError

MISSING = "???"
"""The value of a required field that was not given."""

T = TypeVar("T")

_PYDANTIC = ConfigDict(
    extra="forbid",
    validate_assignment=True,
    allow_inf_nan=False,
)


@dataclass_transform(field_specifiers=(dataclasses.field, Field))
def section(cls: type[T]) -> type[T]:
    """Makes a class a section: a dataclass whose fields are checked when they are set.

    Both the constructor and assignments raise ConfigError for invalid values.
    """
    made: Any = dataclass(config=_PYDANTIC)(cls)
    made.__init__ = _with_own_errors(made.__init__)
    made.__setattr__ = _with_own_errors(made.__setattr__)
    decorated: type[T] = made
    return decorated


def _with_own_errors(method: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(method)
    def checked(self: Any, *args: Any, **kwargs: Any) -> None:
        places = self.__dict__.get("_places")
        try:
            method(self, *args, **kwargs)
        except ValidationError as error:
            found = found_in(error, type(self), Places())
            raise ConfigError(in_order(found)) from None
        # Validating an assignment discards all other attributes.
        if places is not None:
            self._remember(places)

    return checked


class BaseParams:
    """The base class for sections."""

    @model_validator(mode="before")
    @classmethod
    def _prepare(cls, given: Any) -> Any:
        """Treats null as an empty section, and drops refused fields at defaults."""
        # In YAML, a section whose every line is a comment is null.
        if given is None:
            return {}
        if isinstance(given, ArgsKwargs) and given.kwargs:
            return ArgsKwargs(given.args, without_defaults(cls, given.kwargs))
        return without_defaults(cls, given) if isinstance(given, dict) else given

    def finalize_and_validate(self) -> None:
        """Checks every field again, and the rules that relate several fields.

        Raises:
            ConfigError: Holds every mistake in this section and its subsections.
        """
        places: Places = self.__dict__.get("_places") or Places()
        # A list or dict may have been changed since it was set.
        tree = to_tree(self)
        _, found = examine(type(self), tree, places)
        if found:
            raise ConfigError(
                in_order(found + rules_of_rest(type(self), tree, found, places))
            )
        broken = list(_broken_rules(self, (), places))
        if broken:
            raise ConfigError(in_order(broken))

    def __finalize_and_validate__(self) -> None:
        """Checks the rules that relate several fields; to be overridden.

        Raises:
            SectionError: Names each field that is wrong, and the reason.
        """

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Yields each field's name and value."""
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            yield field.name, getattr(self, field.name)

    def _remember(self, places: Places) -> None:
        """Stores the positions of the fields, for mistakes that are found later."""
        self.__dict__["_places"] = places


def to_tree(value: Any, *, skip_defaults: bool = False) -> Any:
    """Converts a section to dicts, lists and scalars, with enums as their values.

    Args:
        value: A section, or the value of a field.
        skip_defaults: Whether to omit fields that have their default value.
    """
    if isinstance(value, BaseParams):
        fields = dict(value)
        if skip_defaults:
            fields = {n: v for n, v in fields.items() if v != _default(value, n)}
        return {n: to_tree(v, skip_defaults=skip_defaults) for n, v in fields.items()}
    if isinstance(value, dict):
        return {name: to_tree(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [to_tree(inner, skip_defaults=skip_defaults) for inner in value]
    return value.value if isinstance(value, Enum) else value


def flattened(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Returns the values of nested dicts by dotted names, such as `training.seed`."""
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        dotted = f"{prefix}{name}"
        if isinstance(value, dict):
            flat |= flattened(value, f"{dotted}.")
        else:
            flat[dotted] = value
    return flat


def _default(section: BaseParams, name: str) -> Any:
    field = type(section).__pydantic_fields__[name]  # type: ignore[attr-defined]
    return field.get_default(call_default_factory=True)


def rules_of_rest(
    section: type[Any], tree: Any, found: list[Found], places: Places
) -> list[Found]:
    """Returns the broken rules that do not involve fields with other mistakes.

    Args:
        section: The class of the section.
        tree: The values that were given.
        found: Mistakes in the types, ranges and keys of the tree.
        places: The positions of the parts of the tree.
    """
    if len(found) > MAX_MISTAKES:
        return []
    rest, again = examine(section, without(tree, found), Places())
    if again:
        return []
    unread = [key for mistake in found for key in mistake.unread]

    def is_known(key: Key) -> bool:
        return not any(key[: len(u)] == u or u[: len(key)] == key for u in unread)

    broken = _broken_rules(rest, (), places)
    return [b for b in broken if all(is_known(key) for key in b.unread)]


def _broken_rules(value: Any, key: Key, places: Places) -> Iterator[Found]:
    """Yields a mistake for each broken rule, with its fields as `unread`."""
    if isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            yield from _broken_rules(inner, (*key, position), places)
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _broken_rules(inner, (*key, name), places)
    if isinstance(value, float) and math.isnan(value):
        # The types of fields exclude nan; this one is a value inside `*_kwargs`.
        yield Found(places.of_value(key), key, "nan is not a number", (key,))
    if not isinstance(value, BaseParams):
        return
    for name, inner in value:
        yield from _broken_rules(inner, (*key, name), places)
    try:
        value.__finalize_and_validate__()
    except SectionError as error:
        for field, sentence in error.wrong.items():
            at = (*key, *_parts(field))
            place = places.of_value(at)
            if at[-1] == KEY_ITSELF:
                at = at[:-1]
                place = places.of_key(at)
            name = field if isinstance(field, str) else str(field[0])
            others = error.rests_on.get(name, ())
            about = (at, *((*key, *_parts(other)) for other in others))
            yield Found(place, at, sentence, about)


def _parts(field: str | Key) -> Key:
    if isinstance(field, tuple):
        return field
    return tuple(int(p) if p.isdigit() else p for p in field.split("."))
