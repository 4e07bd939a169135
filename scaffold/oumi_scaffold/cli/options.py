"""The options that several commands share, and the config that some of them name."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oumi_scaffold.exceptions import BadSettingError

if TYPE_CHECKING:
    from oumi_runtime.core.configs import TrainingConfig

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as JSON."
)

config_option = click.option(
    "-c", "--config", required=True, metavar="FILE", help="The training config."
)

interpolate_option = click.option(
    "--interpolate",
    is_flag=True,
    help="Expand ${oc.env:NAME} and ${section.key} in the config.",
)

overrides_argument = click.argument(
    "overrides", nargs=-1, type=click.UNPROCESSED, metavar="[OVERRIDES]..."
)
"""Replaces values of the config; the command has to ignore unknown options."""

_ASSIGNMENT = re.compile(r"[^.\[\]=\s]+[.\[][^=\s]*=.*", re.DOTALL)

TAKES_OVERRIDES = {"ignore_unknown_options": True}


def checked_config(
    config: str,
    overrides: Sequence[str],
    interpolate: bool,
    *,
    needs_data: bool = True,
) -> "TrainingConfig":
    """Reads a config and validates it fully, before torch is imported.

    Args:
        config: The file.
        overrides: Changes to its values, such as `--training.max_steps`, `100`.
        interpolate: Whether to expand `${...}`.
        needs_data: Whether the files of the data have to be there.

    Raises:
        ConfigError: The config or an override has mistakes.
    """
    from oumi_runtime.core.configs import TrainingConfig

    loaded = TrainingConfig.from_yaml_and_arg_list(
        config, list(overrides), ignore_interpolation=not interpolate
    )
    if needs_data:
        loaded.finalize_and_validate()
    else:
        loaded.validate_for_inference()
    return loaded


def input_and_overrides(arguments: Sequence[str]) -> tuple[str | None, list[str]]:
    """Divides the words of a command line into an input, if any, and overrides.

    Raises:
        UsageError: There are several inputs.
    """
    inputs: list[str] = []
    overrides: list[str] = []
    words = list(arguments)
    while words:
        word = words.pop(0)
        if word.startswith("--"):
            overrides.append(word)
            if "=" not in word and words and not words[0].startswith("--"):
                overrides.append(words.pop(0))
        elif _ASSIGNMENT.fullmatch(word) and not Path(word).exists():
            overrides.append(word)
        else:
            inputs.append(word)
    if len(inputs) > 1:
        raise click.UsageError(f"give one INPUT, not {', '.join(inputs)}")
    return (inputs[0] if inputs else None), overrides


def values_by_name(option: str, kind: str, settings: Sequence[str]) -> dict[str, str]:
    """Parses NAME=VALUE settings.

    Args:
        option: The option that they are for, such as `--set`.
        kind: What a name is, for errors.
        settings: What was given.

    Raises:
        BadSettingError: One is malformed, or a name is given twice.
    """
    found: dict[str, str] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name:
            raise BadSettingError(option, setting, f"write {kind}=VALUE")
        if name in found:
            raise BadSettingError(option, setting, f"{name} is set twice")
        found[name] = text
    return found
