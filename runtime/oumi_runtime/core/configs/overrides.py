"""Applies arguments such as `--training.max_steps 10` to a config's tree.

Parses arguments and merges them into the values from the file: mappings are merged,
everything else is replaced. The meaning of the keys is not known here.
"""

import re
from collections.abc import Iterator
from typing import Any

from oumi_runtime.core.configs.places import Key, Place, Places, key_text
from oumi_runtime.core.configs.yaml_source import read_value
from oumi_runtime.exceptions import Mistake

_PART = re.compile(r"([^.\[\]=\s]+)|\[([0-9]{1,6})\]")
_NAME = re.compile(r"[^.\[\]=\s]+(\.[^.\[\]=\s]+|\[[0-9]{1,6}\])*")


def apply_overrides(
    tree: dict[Any, Any], places: Places, arguments: list[str]
) -> list[Mistake]:
    """Applies arguments to a tree, in order; later ones override earlier ones.

    Args:
        tree: The tree, which is modified.
        places: The positions of its parts; modified too, to refer to the arguments.
        arguments: `--key value`, `--key=value` or `key=value`.

    Returns:
        Mistakes in the form of the arguments.
    """
    mistakes: list[Mistake] = []
    for number, (name, text) in enumerate(_pairs(arguments)):
        label = f"argument --{name}" if name else f"argument {text}"
        place = Place(label, 0, number)
        if not name:
            sentence = "is not an override; write --section.key value"
            mistakes.append(Mistake(str(place), "", sentence))
        elif not _NAME.fullmatch(name):
            sentence = "is not a key; write one such as training.max_steps"
            mistakes.append(Mistake(str(place), "", sentence))
        elif text is None:
            mistakes.append(Mistake(str(place), "", "has no value; add one"))
        else:
            try:
                _set(tree, places, _key(name), read_value(text), place)
            except ValueError as error:
                mistakes.append(Mistake(str(place), "", str(error)))
    return mistakes


def parts_of(name: str) -> Key | None:
    """Parses a key such as `data.train.datasets[0].split`; None if it is invalid."""
    return _key(name) if _NAME.fullmatch(name) else None


def _pairs(arguments: list[str]) -> Iterator[tuple[str, str | None]]:
    """Yields names and values: None for a missing value, "" as a stray word's name."""
    rest = iter([*arguments, None])
    argument = next(rest)
    while argument is not None:
        name, equals, value = argument.removeprefix("--").partition("=")
        following = next(rest)
        if equals:
            yield name, value
        elif not argument.startswith("--"):
            yield "", argument
        elif following is None or following.startswith("--"):
            yield name, None
        else:
            yield name, following
            following = next(rest)
        argument = following


def _key(name: str) -> Key:
    return tuple(word or int(position) for word, position in _PART.findall(name))


def _set(tree: Any, places: Places, key: Key, value: Any, place: Place) -> None:
    """Sets a value inside a tree, creating sections as needed."""
    holder = tree
    for depth, part in enumerate(key[:-1]):
        # An empty or missing section becomes a list or a dict, as the next part needs.
        empty: Any = [] if isinstance(key[depth + 1], int) else {}
        above = key[: depth + 1]
        holder = _child(holder, part, above, empty)
        if isinstance(part, int):
            places.values.setdefault(above, place)
    old = _child(holder, key[-1], key, None)
    if isinstance(old, dict) and isinstance(value, dict):
        for name, inner in value.items():
            _set(tree, places, (*key, name), inner, place)
        return
    holder[key[-1]] = value
    places.replace(key, place)


def _child(holder: Any, part: str | int, key: Key, empty: Any) -> Any:
    """Returns an item of a section or list, creating it if necessary.

    Raises:
        ValueError: The holder is neither, or the index is beyond the end of the list.
    """
    above = key_text(key[:-1])
    if isinstance(part, int):
        if not isinstance(holder, list):
            raise ValueError(f"{above} is not a list")
        if part > len(holder):
            raise ValueError(
                f"{above} has {len(holder)} entries; the next one is [{len(holder)}]"
            )
        if part == len(holder):
            holder.append(empty)
    elif isinstance(holder, list):
        entry = f"{above}[{part}]" if part.isdigit() else f"{above}[0].{part}"
        raise ValueError(f"{above} is a list; write {entry} for an entry")
    elif not isinstance(holder, dict):
        raise ValueError(f"{above} is not a section with keys")
    else:
        holder.setdefault(part, empty)
    room: Any = holder
    if room[part] is None:
        room[part] = empty
    return room[part]
