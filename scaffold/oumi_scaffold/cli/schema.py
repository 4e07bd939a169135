"""`oumi-scaffold schema`: the JSON Schema of a training config, for editors."""

import click

from oumi_scaffold.cli import output


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of a training config.

    An editor with a YAML language server offers and checks keys by it. `new-model`
    saves it as .oumi-scaffold.schema.json, which a config in configs/ names by its
    first line:

    # yaml-language-server: $schema=../.oumi-scaffold.schema.json
    """
    from oumi_runtime.core.configs import TrainingConfig
    from oumi_runtime.core.configs.json_schema import json_schema

    output.emit_json(json_schema(TrainingConfig))
