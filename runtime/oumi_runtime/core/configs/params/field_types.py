"""Types of fields: numbers, choices, and lists and mappings that may be null."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    Field,
    StrictFloat,
    StrictInt,
    StrictStr,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from oumi_runtime.core.configs.error_messages import shown
from oumi_runtime.exceptions import suggestion

Natural = Annotated[StrictInt, Field(ge=1)]
Whole = Annotated[StrictInt, Field(ge=0)]
Seed = Annotated[StrictInt, Field(ge=0, le=2**32 - 1)]
Amount = Annotated[StrictFloat, Field(ge=0)]
Positive = Annotated[StrictFloat, Field(gt=0)]
Decay = Annotated[StrictFloat, Field(ge=0, lt=1)]
Share = Annotated[StrictFloat, Field(ge=0, le=1)]


def wrong(sentence: str) -> PydanticCustomError:
    """Returns an error for a validator to raise."""
    return PydanticCustomError("sentence", "{sentence}", {"sentence": sentence})


@dataclass(frozen=True, eq=False)
class OneOf:
    """A validator for a field whose value is one of several names, in any case.

    Attributes:
        names: Every accepted name, in lower case, and its value.
        allowed: The names to list in messages.
        refused: Prefixes of names that are not supported, and the reasons.
        is_open: Whether to accept other names too. They have to be registered, which
            `finalize_and_validate` checks.
    """

    names: Mapping[str, Any]
    allowed: tuple[str, ...]
    refused: Mapping[str, str]
    is_open: bool

    def pick(self, given: Any) -> Any:
        """Returns the value for a name, or raises an error."""
        if isinstance(given, Enum):
            given = given.value
        if isinstance(given, str):
            name = given.lower()
            if name in self.names:
                return self.names[name]
            for beginning, why in self.refused.items():
                if name.startswith(beginning):
                    raise wrong(f"{shown(given)} {why}")
            if self.is_open and given.strip():
                return given
        if not self.allowed:
            raise wrong(f"{shown(given)} is not a name")
        near = suggestion(given, self.allowed) if isinstance(given, str) else ""
        raise wrong(f"{shown(given)} is not one of {', '.join(self.allowed)}{near}")

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.pick, handler(source))

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        others: dict[str, Any] = {"type": "string"}
        if not self.is_open:
            others["pattern"] = f"^({_in_any_case(self.names)})$"
        elif self.refused:
            others["pattern"] = f"^(?!{_in_any_case(self.refused)})"
        if not self.allowed:
            return others
        return {"anyOf": [{"enum": list(self.allowed)}, others]}


def _in_any_case(names: Iterable[str]) -> str:
    """Returns a regular expression for names in any case, without using flags."""
    return "|".join(
        "".join(f"[{c.upper()}{c}]" if c.isalpha() else re.escape(c) for c in name)
        for name in names
    )


def choice(
    *allowed: str,
    aliases: Mapping[str, str] | None = None,
    refused: Mapping[str, str] | None = None,
    is_open: bool = False,
) -> OneOf:
    """Returns a validator that accepts one of several names, in any case.

    Args:
        allowed: The names, in lower case.
        aliases: Other names, and the allowed names that they stand for.
        refused: Prefixes, in lower case, of unsupported names, and the reasons.
        is_open: Whether to accept registered names too.
    """
    names = {str(name): str(name) for name in allowed} | dict(aliases or {})
    return OneOf(names, tuple(str(name) for name in allowed), refused or {}, is_open)


def member(
    enum: type[Enum], refused: Mapping[str, str] | None = None, is_open: bool = False
) -> OneOf:
    """Returns a validator that accepts an enum's members, names and values.

    Args:
        enum: The choices; their values are strings. Case does not matter.
        refused: Prefixes, in lower case, of unsupported names, and the reasons.
        is_open: Whether to accept registered names too.
    """
    refused = refused or {}
    names = {str(m.value).lower(): m for m in enum} | {m.name.lower(): m for m in enum}
    taken = {n: m for n, m in names.items() if not n.startswith(tuple(refused))}
    allowed = tuple(str(m.value) for m in dict.fromkeys(taken.values()))
    return OneOf(taken, allowed, refused, is_open)


Kwargs = Annotated[
    dict[StrictStr, Any],
    BeforeValidator(lambda given: {} if given is None else given),
]
"""Keyword arguments by name; null in YAML means none."""

EMPTY_LIST = BeforeValidator(lambda given: [] if given is None else given)
"""Treats null in YAML as an empty list."""

Names = Annotated[list[StrictStr], EMPTY_LIST]
"""A list of strings; null in YAML means none."""


def _count_or_auto(given: Any) -> Any:
    if isinstance(given, str) and given.lower() == "auto":
        return "auto"
    if isinstance(given, bool) or not isinstance(given, int) or given < 0:
        raise wrong(f"{shown(given)} is neither 'auto' nor a whole number, at least 0")
    return given


CountOrAuto = Annotated[
    int | str,
    BeforeValidator(_count_or_auto),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"const": "auto"}]}),
]
"""A number of processes, at least 0, or `auto`."""
