"""`oumi-scaffold new-model`: write a model, its tests and its training config."""

from pathlib import Path
from typing import Any

import click

from oumi_scaffold.cli.generating import completion
from oumi_scaffold.cli.generating.model_request import ModelRequest, complete
from oumi_scaffold.cli.generating.options import (
    arch_option,
    data_options,
    settings_option,
    task_option,
    trust_option,
    writing_options,
)
from oumi_scaffold.cli.generating.template_hooks import hooks_of
from oumi_scaffold.cli.generating.writing_models import write_models
from oumi_scaffold.request.spec import RUNTIME, TARGETS


@click.command("new-model")
@click.argument("name", required=False)
@task_option("The task of the model; see `list tasks`.")
@arch_option
@click.option(
    "--template",
    metavar="WHERE",
    help="A template of your own: a folder, a git URL or gh:owner/name, with @ref.",
)
@trust_option
@click.option(
    "--target",
    metavar="|".join(TARGETS),
    default=RUNTIME,
    show_default=True,
    shell_complete=completion.targets,
    help="The package that the code imports: oumi_runtime, or Oumi itself.",
)
@settings_option("Set a constructor default, such as hidden_dim=256")
@data_options
@click.option(
    "--from-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a model for each name in FILE, one name a line.",
)
@writing_options()
def command(**options: Any) -> None:
    """Write the model NAME, its tests and its training config.

    NAME is the name of the class, such as MyNet, and the name that configs use. Set
    defaults for a project in [tool.oumi-scaffold] of its pyproject.toml.
    """
    request = complete(ModelRequest(**options))
    with request.opened_source() as source:
        specs = request.specs(source)
        hooks = hooks_of(source, specs[0], trust=request.trust)
        written = write_models(specs, source, request.writing, hooks)
        request.note_misfits(source)
    written.report(request.writing)
