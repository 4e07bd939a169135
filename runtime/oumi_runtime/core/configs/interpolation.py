"""Environment variables in a config: `${oc.env:NAME}`, where that is asked for."""

import os
import re
from typing import Any

from oumi_runtime.core.configs.places import Key, Places, key_text
from oumi_runtime.core.configs.yaml_source import resolve_plain
from oumi_runtime.exceptions import ConfigError, Mistake, suggestion

_REFERENCE = re.compile(r"\$\{([^{}]*)\}")
_VARIABLE = re.compile(r"(?:oc\.)?env:\s*([A-Za-z_][A-Za-z0-9_]*)\s*(?:,(.*))?")


def with_environment(tree: dict[Any, Any], places: Places) -> dict[Any, Any]:
    """Returns a tree with the values of environment variables in its texts.

    A text that is nothing but a variable becomes what its value would be in YAML: a
    number, say. `${oc.env:NAME,default}` has a default; `${env:NAME}` is the same.

    Args:
        tree: The tree, as it is read.
        places: Where its parts stand.

    Raises:
        ConfigError: Holds each variable that is not set, and each `${...}` of another
            kind.
    """
    mistakes: list[Mistake] = []

    def value_of(text: str, key: Key) -> str:
        found = _VARIABLE.fullmatch(text.strip())
        name, default = found.groups() if found else ("", None)
        value = os.environ.get(name, default)
        if value is None:
            sentence = f"${{{text}}} is not possible; write ${{oc.env:NAME}}"
            if found:
                near = suggestion(name, os.environ)
                sentence = (
                    f"the environment has no variable {name}{near}; set it, or write "
                    f"${{oc.env:{name},default}}"
                )
            place = str(places.of_value(key))
            mistakes.append(Mistake(place, key_text(key), sentence))
        return value or ""

    def replaced(value: Any, key: Key) -> Any:
        if isinstance(value, dict):
            return {name: replaced(v, (*key, name)) for name, v in value.items()}
        if isinstance(value, list):
            return [replaced(v, (*key, at)) for at, v in enumerate(value)]
        if not isinstance(value, str) or "${" not in value:
            return value
        whole = _REFERENCE.fullmatch(value)
        if whole:
            return resolve_plain(value_of(whole[1], key).strip())
        return _REFERENCE.sub(lambda found: value_of(found[1], key), value)

    made: dict[Any, Any] = replaced(tree, ())
    if mistakes:
        raise ConfigError(mistakes)
    return made
