"""Parses YAML to a plain tree, with the position of each part.

Numbers and booleans follow YAML 1.2: `1e-4` is a number and `no` is a string. `32_768`
is a number too, as in YAML 1.1, provided that its groups have three digits. Tags other
than `!!str`, `!!map` and `!!seq` are refused; anchors and `<<` work. The meaning of the
keys is not known here.
"""

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from oumi_runtime.core.configs.places import Key, Place, Places, key_text
from oumi_runtime.exceptions import ConfigError, ConfigFileError, Mistake

MAX_BYTES = 1_000_000
MAX_DEPTH = 100
MAX_NODES = 100_000

# libyaml is ten times as fast, but not every build of PyYAML includes it.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_OWN_TAGS = {
    None,
    "!",
    *(f"tag:yaml.org,2002:{name}" for name in ("str", "map", "seq")),
}
_WORDS = {
    "": None,
    "~": None,
    "null": None,
    "true": True,
    "false": False,
    ".nan": float("nan"),
    ".inf": float("inf"),
    "+.inf": float("inf"),
    "-.inf": float("-inf"),
}
_INTEGER = re.compile(r"[-+]?[0-9]{1,4000}|0o[0-7]{1,4000}|0x[0-9a-fA-F]{1,4000}")
_GROUPED = re.compile(r"[-+]?[1-9][0-9]{0,2}(_[0-9]{3}){1,99}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


def read_text(path: Path) -> str:
    """Returns the text of a config file.

    Raises:
        ConfigFileError: The file does not exist, or cannot be read.
        ConfigError: It is too large, or not UTF-8.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except IsADirectoryError as error:
        raise ConfigFileError(path, "is a folder, not a file") from error
    except FileNotFoundError as error:
        near = [str(p) for p in path.parent.glob("*.y*ml")]
        raise ConfigFileError(path, "does not exist", near) from error
    except (OSError, ValueError) as error:
        raise ConfigFileError(path, f"cannot be read: {error}") from error
    if len(data) > MAX_BYTES:
        sentence = f"the file is too large; a config has at most {MAX_BYTES} bytes"
        raise ConfigError([Mistake(str(path), "", sentence)])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        sentence = "the file is not UTF-8 text; save it as UTF-8"
        raise ConfigError(
            [Mistake(str(Place(str(path), line, column)), "", sentence)]
        ) from error


def read_tree(text: str, label: str) -> tuple[dict[Any, Any], Places, list[Mistake]]:
    """Parses a YAML mapping.

    Args:
        text: One YAML document.
        label: What to call the text in messages, such as the path of its file.

    Returns:
        The mapping; the positions of its parts; and the mistakes that leave the rest
        of it readable: duplicate keys, tags, and anchors that do not fit.

    Raises:
        ConfigError: The text is not a mapping in valid YAML.
    """
    tree, places, mistakes = _read(text, label)
    if mistakes and not isinstance(tree, dict):
        raise ConfigError(mistakes)
    if tree is None:
        sentence = "is empty; add sections such as `model:`, `data:`, `training:`"
        raise ConfigError([Mistake(label, "", sentence)])
    if not isinstance(tree, dict):
        place = str(places.of_value(()))
        sentence = "this is not a mapping; begin with a section such as `model:`"
        raise ConfigError([Mistake(place, "", sentence)])
    return tree, places, mistakes


def read_value(text: str) -> Any:
    """Returns the value of one argument: a scalar, or YAML in brackets or quotes.

    Raises:
        ValueError: The brackets or quotes do not make a value.
    """
    if text.lstrip()[:1] not in ("[", "{", "'", '"'):
        # Not parsed as YAML, where `a #b` or `*` would have a meaning.
        return resolve_plain(text.strip()) if text.strip() else ""
    tree, _, mistakes = _read(text, "")
    if mistakes:
        raise ValueError(mistakes[0].sentence)
    return tree


def resolve_plain(text: str) -> Any:
    """Returns the value of an unquoted scalar in YAML 1.2's core schema."""
    if text.lower() in _WORDS and text in (text.lower(), text.upper(), text.title()):
        return _WORDS[text.lower()]
    if _GROUPED.fullmatch(text):
        return int(text)
    if _INTEGER.fullmatch(text):
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    return float(text) if _FLOAT.fullmatch(text) else text


def _read(text: str, label: str) -> tuple[Any, Places, list[Mistake]]:
    builder = _Builder(label, yaml.parse(text, Loader=_LOADER))
    try:
        tree = builder.document()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None)
        hint = "; indent with spaces" if "\t" in text else ""
        sentence = f"not valid YAML: {problem or 'unreadable text'}{hint}"
        place = Place(label, mark.line + 1, mark.column + 1) if mark else Place(label)
        return None, builder.places, [Mistake(str(place), "", sentence)]
    except UnicodeEncodeError as error:
        sentence = f"not text: {error.reason}"
        return None, builder.places, [Mistake(label, "", sentence)]
    except _TooMuchError as error:
        return None, builder.places, [Mistake(str(error.place), "", str(error))]
    return tree, builder.places, builder.mistakes


class _TooMuchError(Exception):
    """The document is too expensive to read on."""

    def __init__(self, place: Place, sentence: str) -> None:
        super().__init__(sentence)
        self.place = place


@dataclass
class _Anchor:
    value: Any
    nodes: int


class _Builder:
    """Builds the tree from YAML events, and records the position of each part."""

    def __init__(self, label: str, events: Iterator[Any]) -> None:
        self.places = Places(label)
        self.mistakes: list[Mistake] = []
        self._events = events
        self._anchors: dict[str, _Anchor] = {}
        self._nodes = 0

    def document(self) -> Any:
        """Returns the value of the only document; None if there is none."""
        tree = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._mistake(event, (), "a second document begins here; keep one")
                    break
                tree = self._node(next(self._events), ())
        return tree

    def _node(self, event: Any, key: Key) -> Any:
        self.places.values[key] = self._place(event)
        self._count(event, 1, len(key))
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, key)
        before = self._nodes
        if event.tag not in _OWN_TAGS:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._mistake(event, key, f"the tag {tag} is not allowed; leave it out")
        if isinstance(event, yaml.MappingStartEvent):
            value: Any = self._mapping(key)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(key)
        else:
            value = resolve_plain(event.value) if event.implicit[0] else event.value
        if event.anchor:
            self._anchors[event.anchor] = _Anchor(value, self._nodes - before + 1)
        return value

    def _alias(self, event: Any, key: Key) -> Any:
        anchor = self._anchors.get(event.anchor)
        if anchor is None:
            self._mistake(event, key, f"no anchor &{event.anchor} is defined before")
            return None
        self._count(event, anchor.nodes, len(key))
        return copy.deepcopy(anchor.value)

    def _sequence(self, key: Key) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            values.append(self._node(event, (*key, len(values))))
        return values

    def _mapping(self, key: Key) -> dict[Any, Any]:
        values: dict[Any, Any] = {}
        merged: dict[Any, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            name, name_event = self._key(event, key), event
            value_event = next(self._events)
            if name == "<<" and name_event.implicit[0]:
                merged = self._merge(value_event, key) | merged
                continue
            child = (*key, name)
            if name in values:
                first = self.places.keys[child].line
                sentence = f"is given twice; the first is on line {first}"
                self._mistake(name_event, child, sentence)
            self.places.keys[child] = self._place(name_event)
            values[name] = self._node(value_event, child)
        for name in merged.keys() - values.keys():
            self.places.keys[(*key, name)] = self.places.values[(*key, "<<")]
        return merged | values

    def _key(self, event: Any, key: Key) -> Any:
        if isinstance(event, yaml.ScalarEvent):
            return resolve_plain(event.value) if event.implicit[0] else event.value
        self._node(event, (*key, "?"))
        self._mistake(event, key, "a key has to be a string or a number")
        return "?"

    def _merge(self, event: Any, key: Key) -> dict[Any, Any]:
        value = self._node(event, (*key, "<<"))
        merged: dict[Any, Any] = {}
        for part in value if isinstance(value, list) else [value]:
            if not isinstance(part, dict):
                self._mistake(event, (*key, "<<"), "only a mapping can be merged")
                break
            merged = part | merged
        return merged

    def _count(self, event: Any, nodes: int, depth: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            sentence = f"more than {MAX_NODES} values, counting aliases"
            raise _TooMuchError(self._place(event), sentence)
        if depth > MAX_DEPTH:
            sentence = f"nested more than {MAX_DEPTH} levels deep"
            raise _TooMuchError(self._place(event), sentence)

    def _place(self, event: Any) -> Place:
        mark = event.start_mark
        return Place(self.places.label, mark.line + 1, mark.column + 1)

    def _mistake(self, event: Any, key: Key, sentence: str) -> None:
        place = str(self._place(event))
        self.mistakes.append(Mistake(place, key_text(key), sentence))
