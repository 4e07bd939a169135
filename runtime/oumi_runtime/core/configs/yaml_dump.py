"""A plain tree to YAML text that readers of YAML 1.1 and 1.2 understand alike."""

from typing import Any

import yaml

from oumi_runtime.core.configs.yaml_source import resolve_plain


class _Dumper(yaml.SafeDumper):
    """Writes every value in full, and quotes what a reader might not take for text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # PyYAML itself quotes what YAML 1.1 would read as a number or boolean.
    style = None if isinstance(resolve_plain(text), str) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def dump_yaml(tree: dict[str, Any]) -> str:
    """Returns the text of a tree of dicts, lists and scalars.

    Raises:
        TypeError: A value has no form in YAML.
    """
    try:
        return yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    except yaml.representer.RepresenterError as error:
        value = error.args[-1]
        raise TypeError(
            f"{value!r} has no form in YAML; use texts and numbers"
        ) from None
