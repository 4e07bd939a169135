"""`oumi-scaffold schema`: the JSON Schema of a training config, for editors."""

import click

from oumi_scaffold.cli import output


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of a training config.

    An editor with a YAML language server offers and checks keys by it. Save it as
    config.schema.json, and begin a config with the line

    # yaml-language-server: $schema=config.schema.json
    """
    from oumi_runtime.core.configs import TrainingConfig
    from oumi_runtime.core.configs.json_schema import json_schema

    output.emit_json(json_schema(TrainingConfig))
