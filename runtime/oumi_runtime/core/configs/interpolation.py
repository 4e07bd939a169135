"""Resolves references in a config: `${oc.env:NAME}` and `${section.key}`."""

import os
import re
from typing import Any, cast

from oumi_runtime.core.configs.error_messages import shown
from oumi_runtime.core.configs.overrides import parts_of
from oumi_runtime.core.configs.places import Key, Places, key_text
from oumi_runtime.core.configs.yaml_source import resolve_plain
from oumi_runtime.exceptions import ConfigError, Mistake, suggestion

_REFERENCE = re.compile(r"\$\{([^{}]*)\}")
_VARIABLE = re.compile(r"(?:oc\.)?env:\s*([A-Za-z_][A-Za-z0-9_]*)\s*(?:,(.*))?")
_VALUE = re.compile(r"\w+(\.\w+|\[[0-9]{1,6}\])*")
_FORMS = "write ${oc.env:NAME}, or ${section.key} for another value of the file"
_NOTHING = object()


def interpolated(tree: dict[Any, Any], places: Places) -> dict[Any, Any]:
    """Returns a tree with the references in its strings resolved.

    `${oc.env:NAME}`, or `${env:NAME}`, is an environment variable, and
    `${oc.env:NAME,default}` one that need not be set. `${section.key}` is another value
    in the file. A string that consists of a single variable is interpreted as YAML
    would: it may become a number, for example.

    Args:
        tree: The tree, as read from the file.
        places: The positions of its parts.

    Raises:
        ConfigError: Holds every reference that cannot be resolved.
    """
    references = _References(tree, places)
    made: dict[Any, Any] = references.replaced(tree, ())
    if references.mistakes:
        raise ConfigError(references.mistakes)
    return made


class _References:
    """Resolves the references in one tree."""

    def __init__(self, tree: dict[Any, Any], places: Places) -> None:
        self.mistakes: list[Mistake] = []
        self._tree = tree
        self._places = places
        self._open: list[Key] = []

    def replaced(self, value: Any, key: Key) -> Any:
        if isinstance(value, dict):
            return {name: self.replaced(v, (*key, name)) for name, v in value.items()}
        if isinstance(value, list):
            return [self.replaced(v, (*key, at)) for at, v in enumerate(value)]
        if not isinstance(value, str) or "${" not in value:
            return value
        if key in self._open:
            return self._mistake(key, "refers back to itself")
        self._open.append(key)
        if whole := _REFERENCE.fullmatch(value):
            made = self._value_of(whole[1].strip(), key)
        else:
            made = _REFERENCE.sub(lambda found: self._text_of(found[1], key), value)
        self._open.pop()
        return made

    def _text_of(self, text: str, key: Key) -> str:
        if found := _VARIABLE.fullmatch(text.strip()):
            return self._variable(found[1], found[2], key)
        value = self._value_of(text.strip(), key)
        return value if isinstance(value, str) else shown(value)

    def _value_of(self, text: str, key: Key) -> Any:
        if found := _VARIABLE.fullmatch(text):
            return resolve_plain(self._variable(found[1], found[2], key).strip())
        target = parts_of(text) if _VALUE.fullmatch(text) else None
        if target is None:
            return self._mistake(key, f"${{{text}}} is not possible; {_FORMS}")
        value = self._given(target)
        if value is _NOTHING or isinstance(value, dict | list):
            what = "does not give it" if value is _NOTHING else "has a section there"
            return self._mistake(key, f"refers to {text}, but the file {what}")
        return self.replaced(value, target)

    def _variable(self, name: str, default: str | None, key: Key) -> str:
        value = os.environ.get(name, default)
        if value is None:
            near = suggestion(name, os.environ)
            return self._mistake(
                key,
                f"the environment has no variable {name}{near}; set it, or write "
                f"${{oc.env:{name},default}}",
            )
        return value

    def _given(self, target: Key) -> Any:
        value: Any = self._tree
        for part in target:
            is_there = (isinstance(value, dict) and part in value) or (
                isinstance(value, list) and isinstance(part, int) and part < len(value)
            )
            if not is_there:
                return _NOTHING
            value = cast(Any, value)[part]
        return value

    def _mistake(self, key: Key, sentence: str) -> str:
        mistake = Mistake(str(self._places.of_value(key)), key_text(key), sentence)
        # A string that others refer to is visited more than once.
        if mistake not in self.mistakes:
            self.mistakes.append(mistake)
        return ""
