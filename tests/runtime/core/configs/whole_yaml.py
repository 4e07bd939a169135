"""Reads YAML of which no part may be wrong."""

from typing import Any

from oumi_runtime.core.configs.places import Places
from oumi_runtime.core.configs.yaml_source import read_tree
from oumi_runtime.exceptions import ConfigError


def read_yaml(text: str, label: str) -> tuple[dict[Any, Any], Places]:
    """The mapping and the positions of its parts; any mistake is a ConfigError."""
    tree, places, mistakes = read_tree(text, label)
    if mistakes:
        raise ConfigError(mistakes)
    return tree, places
