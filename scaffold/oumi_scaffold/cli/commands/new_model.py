"""`oumi-scaffold new-model`: write a model, its tests and its training config."""

from pathlib import Path
from typing import Any

import click

from oumi_scaffold.cli.generating import completion
from oumi_scaffold.cli.generating.model_request import Request, complete
from oumi_scaffold.cli.generating.writing import write_models
from oumi_scaffold.cli.options import json_option
from oumi_scaffold.request.spec import RUNTIME, TARGETS


@click.command("new-model")
@click.argument("name", required=False)
@click.option(
    "--task",
    metavar="TASK",
    shell_complete=completion.tasks,
    help="The task of the model; see `list tasks`.",
)
@click.option(
    "--arch",
    metavar="ARCH",
    shell_complete=completion.architectures,
    help="The architecture; see `list tasks`.",
)
@click.option(
    "--template",
    metavar="WHERE",
    help="A template of your own: a folder, a git URL or gh:owner/name, with @ref.",
)
@click.option("--trust", is_flag=True, help="Run the hook scripts of the template.")
@click.option(
    "--target",
    metavar="|".join(TARGETS),
    default=RUNTIME,
    shell_complete=completion.targets,
    help="The package that the code imports: oumi_runtime, or Oumi itself.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="ARGUMENT=VALUE",
    help="Set a constructor default, such as hidden_dim=256; may be repeated.",
)
@click.option(
    "--dataset", metavar="NAME", help="The training dataset; see `list datasets`."
)
@click.option(
    "--data", metavar="PATH", help="Your own training data, a file or folder."
)
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="USE=NAME",
    help="Name a column of your data, such as label=species; may be repeated.",
)
@click.option(
    "--from-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a model for each name in FILE, one name a line.",
)
@click.option(
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The project's folder; the current one by default.",
)
@click.option("--force", is_flag=True, help="Replace existing files; a copy is kept.")
@click.option("--skip", is_flag=True, help="Keep existing files as they are.")
@click.option("--diff", is_flag=True, help="Show how files would change.")
@click.option("--dry-run", is_flag=True, help="Show what would be written.")
@json_option
def command(**options: Any) -> None:
    """Write the model NAME, its tests and its training config.

    NAME is the name of the class, such as MyNet, and the name that configs use. Set
    defaults for a project in [tool.oumi-scaffold] of its pyproject.toml.
    """
    request = complete(Request(**options))
    with request.opened_source() as source:
        specs = request.specs(source)
        hooks = request.hooks(source, specs)
        written = write_models(specs, source, request, hooks)
    written.report(request)
