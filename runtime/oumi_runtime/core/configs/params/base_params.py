"""What every section of a config can do.

Holds the decorator that makes a class a section, and the base class with the walk over
rules. The rules stand in the sections.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, TypeVar, dataclass_transform

from pydantic import ConfigDict, Field, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from oumi_runtime.core.configs.checking import check, in_order, mistakes_of
from oumi_runtime.core.configs.places import Key, Places
from oumi_runtime.exceptions import ConfigError, SectionError

MISSING = "???"
"""The value of a field that has to be given, and was not."""

T = TypeVar("T")

_PYDANTIC = ConfigDict(
    extra="forbid",
    validate_assignment=True,
    use_attribute_docstrings=True,
    allow_inf_nan=False,
)


@dataclass_transform(field_specifiers=(dataclasses.field, Field))
def section(cls: type[T]) -> type[T]:
    """Makes a class a section: a dataclass whose fields are checked when they are set.

    What is wrong is raised as ConfigError, by the constructor and by an assignment.
    """
    made: Any = dataclass(config=_PYDANTIC)(cls)
    made.__init__ = _with_own_errors(made.__init__)
    made.__setattr__ = _with_own_errors(made.__setattr__)
    return made  # type: ignore[no-any-return]


def _with_own_errors(method: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(method)
    def checked(self: Any, *args: Any, **kwargs: Any) -> None:
        places = self.__dict__.get("_places")
        try:
            method(self, *args, **kwargs)
        except ValidationError as error:
            raise ConfigError(mistakes_of(error, type(self))) from None
        # Checking an assignment leaves only the fields.
        if places is not None:
            self._remember(places)

    return checked


class BaseParams:
    """Base class of the sections."""

    @model_validator(mode="before")
    @classmethod
    def _empty_is_default(cls, given: Any) -> Any:
        # In YAML, a section whose every line is a comment is null.
        return {} if given is None else given

    def finalize_and_validate(self) -> None:
        """Checks every field once more, and the rules that join fields.

        Raises:
            ConfigError: Holds every mistake in this section and those inside it.
        """
        places: Places = self.__dict__.get("_places") or Places()
        # A list or dict may have been changed since it was set.
        check(type(self), to_tree(self), places)
        mistakes = in_order(
            (places.of_value(key), key, sentence)
            for key, sentence in _broken_rules(self, ())
        )
        if mistakes:
            raise ConfigError(mistakes)

    def __finalize_and_validate__(self) -> None:
        """Checks the rules that join fields; to be overridden.

        Raises:
            SectionError: Names each field that is wrong, and says why.
        """

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Yields each field's name and value."""
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            yield field.name, getattr(self, field.name)

    def _remember(self, places: Places) -> None:
        """Keeps where the fields were given, for mistakes that show later."""
        self.__dict__["_places"] = places


def to_tree(value: Any) -> Any:
    """Returns a section as dicts, lists and scalars, with enums as their values."""
    if isinstance(value, BaseParams):
        return {name: to_tree(inner) for name, inner in value}
    if isinstance(value, dict):
        return {name: to_tree(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [to_tree(inner) for inner in value]
    return value.value if isinstance(value, Enum) else value


def _broken_rules(value: Any, key: Key) -> Iterator[tuple[Key, str]]:
    if isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _broken_rules(inner, (*key, position))
    if not isinstance(value, BaseParams):
        return
    for name, inner in value:
        yield from _broken_rules(inner, (*key, name))
    try:
        value.__finalize_and_validate__()
    except SectionError as error:
        for field, sentence in error.wrong.items():
            parts = (int(p) if p.isdigit() else p for p in field.split("."))
            yield (*key, *parts), sentence
