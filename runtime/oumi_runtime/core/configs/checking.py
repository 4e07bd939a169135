"""Converts a plain tree to a section, and collects every mistake with its position.

This checks types, ranges and keys. The rules that relate several fields are defined in
their sections.
"""

import copy
from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError

from oumi_runtime.core.configs.error_messages import (
    UNKNOWN,
    is_refused,
    meant,
    sentence,
)
from oumi_runtime.core.configs.places import Key, Place, Places, key_text
from oumi_runtime.exceptions import Mistake

T = TypeVar("T")

KEY_ITSELF = "[key]"
"""The last part of a mistake's key if the key itself is wrong, not its value."""


MAX_MISTAKES = 100
"""The maximum number of mistakes to report; searching for suggestions takes time."""


class Found(NamedTuple):
    """A mistake, before sorting.

    Attributes:
        place: Its position.
        key: The path of the value.
        sentence: What is wrong.
        unread: Fields whose intended values are unknown: the key itself, and for a
            misspelt key the field that is probably meant.
    """

    place: Place
    key: Key
    sentence: str
    unread: tuple[Key, ...] = ()


def examine(
    section: type[T], tree: Any, places: Places
) -> tuple[T | None, list[Found]]:
    """Returns the section for a plain tree; or None, and every mistake in the tree.

    Checks keys, types and ranges, but not the rules that relate several fields.
    """
    try:
        return TypeAdapter(section).validate_python(tree), []
    except ValidationError as error:
        return None, found_in(error, section, places)


def found_in(error: ValidationError, section: type[Any], places: Places) -> list[Found]:
    """Returns the mistakes that pydantic found in a section."""
    found: list[Found] = []
    errors = error.errors(include_url=False)
    for details in errors[:MAX_MISTAKES]:
        key: Key = details["loc"]
        is_key = details["type"] == "invalid_key" or key[-1:] == (KEY_ITSELF,)
        if key[-1:] == (KEY_ITSELF,):
            key = key[:-1]
        unread = [key]
        if details["type"] in UNKNOWN:
            is_key = not is_refused(section, key)
            near = meant(section, key)
            unread += [(*key[:-1], near)] if near else []
        place = places.of_key(key) if is_key else places.of_value(key)
        said = sentence(details, section, key)
        found.append(Found(place, key, said, tuple(unread)))
    if len(errors) > MAX_MISTAKES:
        said = f"{len(errors) - MAX_MISTAKES} more mistakes; fix those above first"
        found.append(Found(Place(places.label), (), said))
    return found


def without(tree: Any, found: Iterable[Found]) -> Any:
    """Returns a copy of a tree without the values that have mistakes."""
    rest = copy.deepcopy(tree)
    for mistake in found:
        holder: Any = rest
        for part in mistake.key[:-1]:
            holder = holder[part] if part in _keys(holder) else None
        if mistake.key and mistake.key[-1] in _keys(holder):
            if isinstance(holder, list):
                # Removing it would shift the others.
                holder[int(mistake.key[-1])] = None
            else:
                del holder[mistake.key[-1]]
    return rest


def _keys(holder: Any) -> Iterable[Any]:
    if isinstance(holder, list):
        return range(len(holder))
    return holder if isinstance(holder, dict) else ()


def in_order(found: Iterable[Found]) -> list[Mistake]:
    """Returns mistakes in the order of the file, followed by those in arguments."""
    ordered = sorted(
        found, key=lambda m: (not m.place.line, m.place.line, m.place.column)
    )
    return [Mistake(str(m.place), key_text(m.key), m.sentence) for m in ordered]
