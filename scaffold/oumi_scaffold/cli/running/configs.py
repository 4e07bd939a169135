"""The config that a command is about: its options, and reading it without torch."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oumi_scaffold.cli.options import Command, Decorator, all_of, json_option
from oumi_scaffold.report.runs import RECORD_FILE

if TYPE_CHECKING:
    from oumi_runtime.core.configs import TrainingConfig
    from oumi_runtime.exceptions import Mistake

RUN_CONFIG_FILE = "config.yaml"
"""The config in the output folder of a run."""
TRAINED_WITH = "The config that the model was trained with, or the run's output folder."

_ASSIGNMENT = re.compile(r"[^.\[\]=\s]+[.\[][^=\s]*=.*", re.DOTALL)

interpolate_option: Decorator = click.option(
    "--interpolate",
    is_flag=True,
    help="Expand ${oc.env:NAME} and ${section.key} in the config.",
)

overridable = all_of(
    interpolate_option,
    json_option,
    click.argument(
        "overrides", nargs=-1, type=click.UNPROCESSED, metavar="[OVERRIDES]..."
    ),
)
"""Adds the options of a `config_command` that come last, and its OVERRIDES."""


def config_command(
    name: str, help: str = "The training config.", *, required: bool = True
) -> Callable[[Command], click.Command]:
    """Returns a decorator for a command with `--config`, whose values can be replaced.

    Args:
        name: The command's name.
        help: What the config is.
        required: Whether the command needs it.
    """
    config = click.option(
        "-c", "--config", required=required, metavar="FILE", help=help
    )
    command = click.command(name, context_settings={"ignore_unknown_options": True})
    return lambda function: command(config(function))


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
    from oumi_runtime.core.log import keep_bars_out_of_files

    keep_bars_out_of_files()
    loaded = TrainingConfig.from_yaml_and_arg_list(
        config, list(overrides), ignore_interpolation=not interpolate
    )
    if needs_data:
        loaded.finalize_and_validate()
    else:
        loaded.validate_for_inference()
    return loaded


def trained_config(
    config: str,
    overrides: Sequence[str],
    interpolate: bool,
    *,
    needs_data: bool = True,
) -> "TrainingConfig":
    """Like `checked_config`, for the config that a model was trained with.

    The config that a run has left in its output folder is about the model in that
    folder, which may have been moved since.

    Args:
        config: The file, or the output folder of a run.
        overrides: See `checked_config`.
        interpolate: See `checked_config`.
        needs_data: See `checked_config`.

    Raises:
        ConfigError: See `checked_config`.
    """
    path = Path(config)
    if (path / RECORD_FILE).is_file():
        path = path / RUN_CONFIG_FILE
    if path.name == RUN_CONFIG_FILE and path.with_name(RECORD_FILE).is_file():
        overrides = ["--training.output_dir", str(path.parent), *overrides]
    return checked_config(str(path), overrides, interpolate, needs_data=needs_data)


def mistakes_in(config: str, interpolate: bool) -> "Sequence[Mistake]":
    """Returns what is wrong with a config."""
    from oumi_runtime.core.registry import REGISTRY
    from oumi_runtime.exceptions import ConfigError, Mistake

    try:
        # The names that one config's project registers must not leak into the next.
        with REGISTRY.isolated():
            checked_config(config, [], interpolate)
    except ConfigError as error:
        return error.mistakes
    except OSError as error:
        return [Mistake(config, "", error.strerror or str(error))]
    return []


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
