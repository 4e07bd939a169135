"""Keys of a config, and their positions in a file or on a command line."""

from dataclasses import dataclass, field
from typing import NamedTuple

Key = tuple[str | int, ...]
"""The path of a value: field names and list indices, from the outside in."""


def key_text(key: Key) -> str:
    """Returns a key as an override spells it: `data.train.datasets[0].split`."""
    parts = (f"[{p}]" if isinstance(p, int) else f".{_on_one_line(p)}" for p in key)
    return "".join(parts).removeprefix(".")


def _on_one_line(name: object) -> str:
    text = str(name)
    if not text.isprintable():
        text = repr(text)[1:-1]
    return text if len(text) <= 100 else f"{text[:97]}..."


class Place(NamedTuple):
    """A file with line and column, from 1; for an argument, line 0 and its number."""

    label: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.label}:{self.line}:{self.column}" if self.line else self.label


@dataclass
class Places:
    """The positions of keys and values.

    Attributes:
        label: The name of the file, or "" if there is none.
        keys: The position of each key of a mapping.
        values: The position at which each value starts.
    """

    label: str = ""
    keys: dict[Key, Place] = field(default_factory=dict)
    values: dict[Key, Place] = field(default_factory=dict)

    def of_value(self, key: Key) -> Place:
        """Returns the position of a value, or of the nearest section around it."""
        return self.values.get(key) or self.of_key(key)

    def of_key(self, key: Key) -> Place:
        """Returns the position of a key, or of the nearest section around it.

        For a key without any position, this is the start of the file.
        """
        for length in range(len(key), -1, -1):
            place = self.keys.get(key[:length]) or self.values.get(key[:length])
            if place:
                return place
        return Place(self.label)

    def replace(self, key: Key, place: Place) -> None:
        """Sets the position of a key, and removes those of everything below it."""
        for known in (self.keys, self.values):
            for other in [k for k in known if k[: len(key)] == key]:
                del known[other]
            known[key] = place
