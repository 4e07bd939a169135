"""`oumi-scaffold validate`: every mistake in a config, before torch is imported."""

import click

from oumi_scaffold.cli import output

_EXIT_INVALID = 2


@click.command("validate")
@click.argument("configs", nargs=-1, required=True, metavar="CONFIG...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(configs: tuple[str, ...], as_json: bool) -> int:
    """Report every mistake in training configs, with its file and line."""
    mistakes = {config: _mistakes(config) for config in configs}
    valid = not any(mistakes.values())
    if as_json:
        files = [
            {"path": path, "valid": not found, "errors": found}
            for path, found in mistakes.items()
        ]
        output.emit_json({"valid": valid, "files": files})
        return 0 if valid else _EXIT_INVALID
    for config, found in mistakes.items():
        output.status("failed" if found else "ok", config)
        for line in found:
            output.say(line)
    return 0 if valid else _EXIT_INVALID


def _mistakes(config: str) -> list[str]:
    """Returns what is wrong with a config, one line a mistake."""
    from oumi_runtime.core.configs import TrainingConfig
    from oumi_runtime.exceptions import OumiRuntimeError

    try:
        TrainingConfig.from_yaml(config).finalize_and_validate()
    except OumiRuntimeError as error:
        return str(error).splitlines()
    except OSError as error:
        return [f"{config}: {error.strerror or error}"]
    return []
