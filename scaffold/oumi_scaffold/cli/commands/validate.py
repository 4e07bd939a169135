"""`oumi-scaffold validate`: every mistake in a config, before torch is imported."""

import re
from typing import TYPE_CHECKING

import click

from oumi_scaffold.cli import exit_codes, output
from oumi_scaffold.cli.options import json_option
from oumi_scaffold.cli.running.configs import interpolate_option, mistakes_in

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


def _document(mistake: "Mistake") -> dict[str, object]:
    found = _PLACE.fullmatch(mistake.place)
    line, column = (found and found["line"]), (found and found["column"])
    return {
        "line": int(line) if line else None,
        "column": int(column) if column else None,
        "key": mistake.key,
        "message": mistake.sentence,
    }
