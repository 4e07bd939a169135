"""`oumi-scaffold wrap`: write a model and its files around a module that exists."""

import inspect
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import click

from oumi_scaffold.cli import output
from oumi_scaffold.cli.generating import completion, decisions
from oumi_scaffold.cli.generating.template_hooks import TemplateHooks
from oumi_scaffold.cli.generating.writing import write_models
from oumi_scaffold.cli.options import json_option, values_by_name
from oumi_scaffold.exceptions import UnknownChoiceError, WrapError
from oumi_scaffold.project.settings import read_settings
from oumi_scaffold.request.names import check_name
from oumi_scaffold.request.spec import ModelSpec
from oumi_scaffold.request.values import Value
from oumi_scaffold.template.source import Source, built_in
from oumi_scaffold.wrapping.arguments import arguments_of, set_sizes
from oumi_scaffold.wrapping.settings import Parameter, whole_number
from oumi_scaffold.wrapping.sizes import TASKS, in_answers, sizes_of
from oumi_scaffold.wrapping.target import Target, find_target, importable
from oumi_scaffold.wrapping.wrapped import (
    Reading,
    default_name,
    wrapping_answers,
    wrapping_spec,
)

_IMAGES = {"images", "image", "img", "imgs", "pixel_values"}


class Request(NamedTuple):
    """The options, as they were given."""

    target: str
    name: str | None
    task: str | None
    settings: tuple[str, ...]
    dataset: str | None
    data: str | None
    columns: tuple[str, ...]
    output_dir: Path
    force: bool
    skip: bool
    diff: bool
    dry_run: bool
    as_json: bool

    @property
    def may_ask(self) -> bool:
        """Whether to ask the user: not in a dry run, nor with `--json`."""
        return not (self.dry_run or self.as_json) and decisions.is_interactive()

    def check(self) -> None:
        """Raises if options conflict."""
        for one, other, names in (
            (self.force, self.skip, "--force and --skip"),
            (self.dataset, self.data, "--dataset and --data"),
        ):
            if one and other:
                raise click.UsageError(f"{names} cannot be used together")
        if self.columns and self.data is None:
            raise click.UsageError("--column works only with --data")
        if self.task is not None and self.task not in TASKS:
            raise UnknownChoiceError("task", self.task, TASKS, "a wrapped module")
        if self.name is not None:
            check_name(self.name)


@click.command("wrap")
@click.argument("target", metavar="PACKAGE.MODULE:CLASS")
@click.option(
    "--name", metavar="NAME", help="The name of the model; CLASSModel if not given."
)
@click.option(
    "--task",
    metavar="TASK",
    shell_complete=completion.tasks,
    help=f"What the module is for: {', '.join(TASKS)}.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="ARGUMENT=VALUE",
    help="Set an argument of the module, such as depth=4; may be repeated.",
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
    """Write a model, its tests and its config around a torch module that exists.

    The module is a class, or a function that returns one, in your project or in an
    installed package; path/to/file.py:CLASS names it, too. It is made and run once with
    a batch like those of the task, before anything is written. Without --task, the task
    is image-classification if the input of its forward is called images.
    """
    request = Request(**options)
    request.check()
    with output.only_json() if request.as_json else nullcontext():
        spec, source = _tried(request)
    write_models([spec], source, request, TemplateHooks({})).report(request)


def _tried(request: Request) -> tuple[ModelSpec, Source]:
    """Runs the module, and returns the spec of the model around it."""
    project = request.output_dir
    project_settings = read_settings(project)
    settings = values_by_name("--set", "ARGUMENT", request.settings)
    target = find_target(request.target, project)
    name = request.name or default_name(target)
    check_name(name)
    # Imports torch.
    from oumi_runtime.wrapping import Trial, load

    with importable(project):
        factory = load(target.module, target.name)
    task = request.task or _task_of(factory.make, project_settings.task, target)
    source = built_in(task)
    given = {
        size: text
        for size, text in set_sizes(settings, task).items()
        if size in source.template.variables
    }
    data = _data(request, source, given)
    sizes = sizes_of(task, source.template.variables)
    sizes |= {size: n for size, n in data.items() if isinstance(n, int)}
    sizes |= {size: whole_number(size, text) for size, text in given.items()}
    arguments = arguments_of(
        [Parameter(*each) for each in factory.parameters],
        settings,
        sizes,
        task,
        str(target),
        takes_others=factory.takes_others,
    )
    values = {each.name: each.given for each in arguments}
    trial = Trial(str(target), factory.make, values, task, sizes)
    reading = Reading(*trial.reading())
    for note in trial.notes:
        output.note(note)
    answers = (
        data
        | in_answers(trial.sizes)
        | wrapping_answers(target, name, arguments, reading)
    )
    return wrapping_spec(name, task, project_settings.layout, target, answers), source


def _task_of(make: object, usual: str | None, target: Target) -> str:
    """Returns the task of a request without one, if it is beyond doubt."""
    if usual is not None:
        if usual not in TASKS:
            raise UnknownChoiceError("task", usual, TASKS, "a wrapped module")
        return usual
    forward = getattr(make, "forward", None)
    if forward is not None:
        inputs = [
            name for name in inspect.signature(forward).parameters if name != "self"
        ]
        if inputs and inputs[0] in _IMAGES:
            return "image-classification"
    reason = f"say what it is for with --task: {', '.join(TASKS)}"
    raise WrapError(str(target), reason)


def _data(request: Request, source: Source, given: dict[str, str]) -> dict[str, Value]:
    """Returns the template's variables about the data."""
    from oumi_scaffold.cli.generating.data_options import (
        data_answers,
        dataset_answers,
        note_misfits,
    )

    if request.dataset is not None:
        return dataset_answers(request.dataset, source, request.output_dir)
    if request.data is None:
        note_misfits(source, given)
        return {}
    columns = values_by_name("--column", "USE", request.columns)
    path = Path(request.data)
    answers = data_answers(path, source, request.output_dir, given, columns)
    kwargs = answers.get("dataset_kwargs")
    if isinstance(kwargs, dict) and "image_size" in kwargs and "image_size" in given:
        size = whole_number("image_size", given["image_size"])
        answers["dataset_kwargs"] = kwargs | {"image_size": size}
    return answers
