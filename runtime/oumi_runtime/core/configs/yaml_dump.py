"""Writes YAML that YAML 1.1 and YAML 1.2 parsers read in the same way."""

from typing import Any

import yaml

from oumi_runtime.core.configs.yaml_source import resolve_plain


class _Dumper(yaml.SafeDumper):
    """Writes no aliases, and quotes strings that might be read as another type."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # PyYAML itself quotes what YAML 1.1 would read as a number or boolean.
    style = None if isinstance(resolve_plain(text), str) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def dump_yaml(tree: dict[str, Any]) -> str:
    """Returns a tree of dicts, lists and scalars as YAML.

    Raises:
        TypeError: A value cannot be written as YAML.
    """
    try:
        return yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    except yaml.representer.RepresenterError as error:
        value = error.args[-1]
        raise TypeError(
            f"{value!r} cannot be written as YAML; use strings and numbers"
        ) from None
