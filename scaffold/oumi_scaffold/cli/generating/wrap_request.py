"""What `wrap` is asked for, and the one run of the module that tells the rest."""

import inspect
from collections.abc import Callable
from typing import NamedTuple

from oumi_scaffold.cli import output
from oumi_scaffold.cli.generating.dataset_sizes import sizes_of_dataset
from oumi_scaffold.cli.generating.options import DataOptions, WritingOptions
from oumi_scaffold.cli.generating.wrap_trial import tried
from oumi_scaffold.cli.options import values_by_name
from oumi_scaffold.exceptions import UnknownChoiceError, WrapError
from oumi_scaffold.project.settings import read_settings
from oumi_scaffold.request.names import check_name
from oumi_scaffold.request.spec import ClassSpec
from oumi_scaffold.request.values import Value
from oumi_scaffold.template.source import Source, built_in
from oumi_scaffold.wrapping.arguments import arguments_of, set_sizes
from oumi_scaffold.wrapping.parameters import Parameter, whole_number
from oumi_scaffold.wrapping.sizes import TASKS, in_answers, sizes_of
from oumi_scaffold.wrapping.target import Target, find_target, importable
from oumi_scaffold.wrapping.wrapped import (
    Config,
    default_name,
    wrapping_answers,
    wrapping_spec,
)

_IMAGES = {"images", "image", "img", "imgs", "pixel_values"}


class WrapRequest(NamedTuple):
    """The options, as they were given."""

    target: str
    name: str | None
    task: str | None
    settings: tuple[str, ...]
    data: DataOptions
    writing: WritingOptions

    def check(self) -> None:
        """Checks what can be checked before torch is imported.

        Raises:
            UnknownChoiceError: There is no such task.
            InvalidNameError: A model cannot have the name.
        """
        if self.task is not None and self.task not in TASKS:
            raise UnknownChoiceError("task", self.task, TASKS, "a wrapped module")
        if self.name is not None:
            check_name(self.name)


def wrapped(request: WrapRequest) -> tuple[ClassSpec, Source]:
    """Runs the module once, and returns the spec and the template of its model.

    Raises:
        UnknownChoiceError: There is no such task, or the module has no such argument.
        WrapError: The module cannot be found, made or run, or its task is unknown.
    """
    project = request.writing.output_dir
    project_settings = read_settings(project)
    settings = values_by_name("--set", "ARGUMENT", request.settings)
    target = find_target(request.target, project)
    name = request.name or default_name(target)
    check_name(name)
    # Imports torch.
    from oumi_runtime.wrapping import load

    with importable(project):
        factory = load(target.module, target.name)
    task = request.task or _task_of(factory.forward, project_settings.task, target)
    source = built_in(task)
    given = {
        size: text
        for size, text in set_sizes(settings, task).items()
        if size in source.template.variables
    }
    data = _data(request, source, given, str(target))
    sizes = sizes_of(task, source.template.variables)
    sizes |= {size: n for size, n in data.items() if isinstance(n, int)}
    sizes |= {size: whole_number(size, text) for size, text in given.items()}
    arguments = arguments_of(
        [Parameter(**each._asdict()) for each in factory.parameters],
        settings,
        sizes,
        task,
        str(target),
        others=factory.others,
    )
    found = tried(factory, arguments, list(settings), task, sizes, str(target))
    for note in found.notes:
        output.note(note)
    config = (
        Config(*factory.config[:3], factory.config.is_first) if factory.config else None
    )
    answers = (
        data
        | in_answers(found.sizes)
        | wrapping_answers(target, name, found.arguments, found.interface, config)
    )
    return wrapping_spec(name, task, project_settings.layout, answers), source


def _task_of(
    forward: Callable[..., object] | None, usual: str | None, target: Target
) -> str:
    """Returns the task of a request without one, if it is beyond doubt."""
    if usual is not None:
        if usual not in TASKS:
            raise UnknownChoiceError("task", usual, TASKS, "a wrapped module")
        return usual
    if forward is not None:
        inputs = [
            name for name in inspect.signature(forward).parameters if name != "self"
        ]
        if inputs and inputs[0] in _IMAGES:
            return "image-classification"
    reason = f"say what it is for with --task: {', '.join(TASKS)}"
    raise WrapError(str(target), reason)


def _data(
    request: WrapRequest, source: Source, given: dict[str, str], what: str
) -> dict[str, Value]:
    """Returns the template's variables about the data."""
    # It loads what reads the user's files.
    from oumi_scaffold.cli.generating.training_data import note_misfits, training_data

    project = request.writing.output_dir
    answers = training_data(request.data, source, project, given)
    if request.data.given is None:
        note_misfits(source, given)
    dataset = str(answers.get("dataset_name", ""))
    if request.data.dataset is not None and "/" not in dataset:  # not on the hub
        return answers | sizes_of_dataset(dataset, source.where, what, project, given)
    kwargs = answers.get("dataset_kwargs")
    if isinstance(kwargs, dict) and "image_size" in kwargs and "image_size" in given:
        size = whole_number("image_size", given["image_size"])
        answers["dataset_kwargs"] = kwargs | {"image_size": size}
    return answers
