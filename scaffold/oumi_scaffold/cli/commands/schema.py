"""`oumi-scaffold schema`: the JSON Schema of a training config, for editors."""

import click

from oumi_scaffold.cli import output


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of a training config.

    An editor with a YAML language server uses it to complete and check keys.
    `new-model` saves it as .oumi-scaffold.schema.json, and generated configs refer to
    it in their first line:

    # yaml-language-server: $schema=../.oumi-scaffold.schema.json
    """
    from oumi_runtime.core.configs import TrainingConfig
    from oumi_runtime.core.configs.json_schema import json_schema

    output.emit_json(json_schema(TrainingConfig))
