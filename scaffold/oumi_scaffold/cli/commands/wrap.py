"""`oumi-scaffold wrap`: write a model and its files around a module that exists."""

from typing import Any

import click

from oumi_scaffold.cli import output
from oumi_scaffold.cli.generating.options import (
    data_options,
    settings_option,
    task_option,
    writing_options,
)
from oumi_scaffold.cli.generating.template_hooks import TemplateHooks
from oumi_scaffold.cli.generating.wrap_request import WrapRequest, wrapped
from oumi_scaffold.cli.generating.writing_models import write_models
from oumi_scaffold.wrapping.sizes import TASKS


@click.command("wrap")
@click.argument("target", metavar="PACKAGE.MODULE:CLASS")
@click.option(
    "--name", metavar="NAME", help="The name of the model; CLASSModel if not given."
)
@task_option(f"What the module is for: {', '.join(TASKS)}.", show_default=False)
@settings_option("Set an argument of the module, such as depth=4")
@data_options
@writing_options()
def command(**options: Any) -> None:
    """Write a model, its tests and its config around a torch module that exists.

    The module is a class, or a function that returns one, in your project or in an
    installed package; path/to/file.py:CLASS names it, too. It is made and run once with
    a batch like those of the task, before anything is written. Without --task, the task
    is image-classification if the input of its forward is called images.
    """
    request = WrapRequest(**options)
    request.check()
    with output.only_json(request.writing.as_json):
        spec, source = wrapped(request)
    written = write_models([spec], source, request.writing, TemplateHooks({}))
    written.report(request.writing)
