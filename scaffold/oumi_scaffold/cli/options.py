"""The options that several commands share, and the config that some of them name."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from oumi_runtime.core.configs import TrainingConfig

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document."
)

interpolate_option = click.option(
    "--interpolate",
    is_flag=True,
    help="Put ${oc.env:NAME} and ${section.key} of the config in place.",
)

overrides_argument = click.argument(
    "overrides", nargs=-1, type=click.UNPROCESSED, metavar="[OVERRIDES]..."
)
"""What replaces values of the config; its command lets unknown options pass."""

TAKES_OVERRIDES = {"ignore_unknown_options": True}


def checked_config(
    config: str, overrides: Sequence[str], interpolate: bool
) -> "TrainingConfig":
    """Reads a config and checks it to the end, before torch is imported.

    Args:
        config: The file.
        overrides: What is laid over it, as `--training.max_steps`, `100`.
        interpolate: Whether `${...}` is put in place.

    Raises:
        ConfigError: The config, or what is laid over it, has mistakes.
    """
    from oumi_runtime.core.configs import TrainingConfig

    loaded = TrainingConfig.from_yaml_and_arg_list(
        config, list(overrides), ignore_interpolation=not interpolate
    )
    loaded.finalize_and_validate()
    return loaded
