"""`oumi-scaffold validate`: every mistake in a config, before torch is imported."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from oumi_scaffold.cli import exit_codes, output
from oumi_scaffold.cli.options import interpolate_option, json_option

if TYPE_CHECKING:
    from oumi_runtime.exceptions import Mistake

_PLACE = re.compile(r"(?P<file>.*?)(:(?P<line>[0-9]+):(?P<column>[0-9]+))?", re.DOTALL)


@click.command("validate")
@click.argument("configs", nargs=-1, required=True, metavar="CONFIG...")
@interpolate_option
@json_option
def command(configs: tuple[str, ...], interpolate: bool, as_json: bool) -> int:
    """Report every mistake in training configs, with its file and line."""
    mistakes = {config: mistakes_in(config, interpolate) for config in configs}
    valid = not any(mistakes.values())
    if as_json:
        files = [
            {"path": path, "valid": not found, "errors": [_document(m) for m in found]}
            for path, found in mistakes.items()
        ]
        output.emit_json({"valid": valid, "files": files})
        return 0 if valid else exit_codes.BAD_INPUT
    for config, found in mistakes.items():
        output.status("failed" if found else "ok", config)
        for mistake in found:
            output.say(str(mistake))
    return 0 if valid else exit_codes.BAD_INPUT


def mistakes_in(config: str, interpolate: bool) -> "Sequence[Mistake]":
    """Returns what is wrong with a config."""
    from oumi_runtime.core.configs import TrainingConfig
    from oumi_runtime.core.registry import REGISTRY
    from oumi_runtime.exceptions import ConfigError, Mistake

    try:
        # The names that one config's project registers must not leak into the next.
        with REGISTRY.isolated():
            loaded = TrainingConfig.from_yaml(
                config, ignore_interpolation=not interpolate
            )
            loaded.finalize_and_validate()
    except ConfigError as error:
        return error.mistakes
    except OSError as error:
        return [Mistake(config, "", error.strerror or str(error))]
    return []


def _document(mistake: "Mistake") -> dict[str, object]:
    found = _PLACE.fullmatch(mistake.place)
    line, column = (found and found["line"]), (found and found["column"])
    return {
        "line": int(line) if line else None,
        "column": int(column) if column else None,
        "key": mistake.key,
        "message": mistake.sentence,
    }
