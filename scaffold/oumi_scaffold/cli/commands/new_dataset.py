"""`oumi-scaffold new-dataset`: write a dataset class and its tests."""

import click

from oumi_scaffold.cli.generating.options import (
    WritingOptions,
    task_option,
    writing_options,
)
from oumi_scaffold.cli.generating.template_hooks import TemplateHooks
from oumi_scaffold.cli.generating.writing_models import write_models
from oumi_scaffold.project.settings import read_settings
from oumi_scaffold.request.spec import KINDS, MAP, dataset_spec
from oumi_scaffold.template.source import built_in
from oumi_templates.catalog import DATASET


@click.command("new-dataset")
@click.argument("name")
@task_option("The task of the models that it is for; see `list tasks`.")
@click.option(
    "--kind",
    metavar="|".join(KINDS),
    default=MAP,
    show_default=True,
    help="Whether rows are read by number, or one after the other.",
)
@writing_options()
def command(name: str, task: str | None, kind: str, writing: WritingOptions) -> None:
    """Write the dataset class NAME and its tests.

    It is for data that no built-in dataset reads: a file format of your own, a database
    or a simulation. NAME is the name of the class, such as MyRows, which configs call
    my_rows.
    """
    settings = read_settings(writing.output_dir)
    spec = dataset_spec(name, task or settings.task, kind, settings.layout)
    written = write_models([spec], built_in(DATASET), writing, TemplateHooks({}))
    written.report(writing)
