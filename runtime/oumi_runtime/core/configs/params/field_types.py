"""Types of fields that a plain annotation cannot say.

Holds choices by name, and mappings and lists that YAML leaves empty.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Any

from pydantic import BeforeValidator, StrictStr
from pydantic_core import PydanticCustomError

from oumi_runtime.core.configs.checking import shown
from oumi_runtime.exceptions import suggestion


def wrong(sentence: str) -> PydanticCustomError:
    """Returns the error for a value, to be raised by a validator."""
    return PydanticCustomError("sentence", "{sentence}", {"sentence": sentence})


def choice(*allowed: str, aliases: Mapping[str, str] | None = None) -> BeforeValidator:
    """Returns a check that takes one of some names, in any case.

    Args:
        allowed: The names, in lower case.
        aliases: Other names, and the allowed ones that they stand for.
    """
    names = {name: name for name in allowed} | dict(aliases or {})

    def pick(given: Any) -> Any:
        found = names.get(given.lower()) if isinstance(given, str) else None
        if found is None:
            raise wrong(_not_allowed(given, allowed))
        return found

    return BeforeValidator(pick)


def member(
    enum: type[Enum], refused: Mapping[str, str] | None = None
) -> BeforeValidator:
    """Returns a check that takes a member, its name or its value, in any case.

    Args:
        enum: The choices; their values are texts.
        refused: Beginnings of values that have no meaning here, and why.
    """
    names = {str(m.value).lower(): m for m in enum} | {m.name.lower(): m for m in enum}

    def pick(given: Any) -> Any:
        if isinstance(given, enum):
            return given
        found = names.get(given.lower()) if isinstance(given, str) else None
        if found is not None:
            return found
        for beginning, why in (refused or {}).items():
            if str(given).lower().startswith(beginning):
                raise wrong(f"{given!r} {why}")
        raise wrong(_not_allowed(given, [str(m.value) for m in enum]))

    return BeforeValidator(pick)


def _not_allowed(given: Any, allowed: tuple[str, ...] | list[str]) -> str:
    near = suggestion(given, allowed) if isinstance(given, str) else ""
    return f"{shown(given)} is not one of {', '.join(allowed)}{near}"


Kwargs = Annotated[
    dict[StrictStr, Any],
    BeforeValidator(lambda given: {} if given is None else given),
]
"""Keyword arguments by name; null in YAML means none."""

EMPTY_LIST = BeforeValidator(lambda given: [] if given is None else given)
"""Has null in YAML mean an empty list."""
