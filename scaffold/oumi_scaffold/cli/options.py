"""The options that several commands share, and the config that some of them name."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from oumi_runtime.core.configs import TrainingConfig

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as JSON."
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

TAKES_OVERRIDES = {"ignore_unknown_options": True}


def checked_config(
    config: str, overrides: Sequence[str], interpolate: bool
) -> "TrainingConfig":
    """Reads a config and validates it fully, before torch is imported.

    Args:
        config: The file.
        overrides: Changes to its values, such as `--training.max_steps`, `100`.
        interpolate: Whether to expand `${...}`.

    Raises:
        ConfigError: The config or an override has mistakes.
    """
    from oumi_runtime.core.configs import TrainingConfig

    loaded = TrainingConfig.from_yaml_and_arg_list(
        config, list(overrides), ignore_interpolation=not interpolate
    )
    loaded.finalize_and_validate()
    return loaded
