"""What `new-model` is asked for: options, project settings, and the user's answers."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import click

from oumi_scaffold.cli.generating.name_list import read_names
from oumi_scaffold.cli.generating.options import DataOptions, WritingOptions
from oumi_scaffold.cli.options import values_by_name
from oumi_scaffold.exceptions import ScaffoldError
from oumi_scaffold.project.settings import read_settings
from oumi_scaffold.request.names import check_name
from oumi_scaffold.request.spec import RUNTIME, ClassSpec, model_spec, third_party_spec
from oumi_scaffold.request.values import Value
from oumi_scaffold.template.source import Source, built_in
from oumi_templates.catalog import DEFAULT_TASK, TASKS


class ModelRequest(NamedTuple):
    """The options, as they were given."""

    name: str | None
    task: str | None
    arch: str | None
    template: str | None
    trust: bool
    target: str
    settings: tuple[str, ...]
    from_file: Path | None
    data: DataOptions
    writing: WritingOptions

    @contextmanager
    def opened_source(self) -> Generator[Source]:
        """Finds the template that is to be rendered."""
        if self.template is None:
            name = self.name or "MyNet"
            model_spec(name, self.task, self.arch, self.target)  # raises if invalid
            yield built_in(self.task or DEFAULT_TASK)
            return
        from oumi_scaffold.template.opening import opened

        with opened(self.template) as source:
            yield source

    def specs(self, source: Source) -> list[ClassSpec]:
        """Returns a spec for each model to generate.

        Raises:
            NameListError: A line of `--from-file` is not a valid name, or is repeated.
        """
        layout = read_settings(self.writing.output_dir).layout
        settings = values_by_name("--set", "ARGUMENT", self.settings)
        data = self._data(source, settings)
        names = read_names(self.from_file) if self.from_file else [self.name or ""]
        make = model_spec if source.is_built_in else third_party_spec
        first = make(names[0], source.where, self.arch, self.target, settings, layout)
        return [first._replace(name=name, data=data) for name in names]

    def note_misfits(self, source: Source) -> None:
        """Notes where `--set` does not match the data that the config now names."""
        if self.settings and self.data.given is None and source.is_built_in:
            # It loads what reads the user's files.
            from oumi_scaffold.cli.generating.training_data import note_misfits

            note_misfits(source, values_by_name("--set", "ARGUMENT", self.settings))

    def _data(self, source: Source, settings: Mapping[str, str]) -> dict[str, Value]:
        if self.data.given is None and not settings:
            return {}
        if self.data.given is not None and self.target != RUNTIME:
            raise click.UsageError(
                f"{self.data.given} works only with --target {RUNTIME}"
            )
        # It loads what reads the user's files.
        from oumi_scaffold.cli.generating.training_data import training_data

        return training_data(self.data, source, self.writing.output_dir, settings)


def complete(request: ModelRequest) -> ModelRequest:
    """Fills in project settings and, on a terminal, asks for what is missing.

    Raises:
        click.UsageError: Options conflict, or there is no name.
        SettingsError: The project's settings are wrong.
    """
    _check_options(request)
    settings = read_settings(request.writing.output_dir)
    is_asked = request.name is None and request.from_file is None
    if is_asked and not request.writing.may_ask:
        raise click.UsageError("Missing argument 'NAME'.")
    if request.template is None:
        task = request.task or settings.task
        # The default architecture goes only with the default task.
        arch = request.arch or (settings.arch if task == settings.task else None)
        request = request._replace(task=task, arch=arch)
    return _asked(request) if is_asked else request


def _check_options(request: ModelRequest) -> None:
    pairs = [
        (request.name, request.from_file, "NAME and --from-file"),
        (request.template, request.task, "--template and --task"),
    ]
    for one, other, names in pairs:
        if one is not None and other is not None:
            raise click.UsageError(f"{names} cannot be used together")


def _asked(request: ModelRequest) -> ModelRequest:
    """Asks for what is missing, with defaults for the task and architecture."""
    name = click.prompt("Name of the class, such as MyNet", value_proc=_a_name)
    if request.template is not None:
        return request._replace(name=name)
    task = request.task or click.prompt(
        "Task", type=click.Choice(list(TASKS)), default=DEFAULT_TASK
    )
    arch = request.arch
    if arch is None and task in TASKS:
        choices = TASKS[task].architecture_names
        arch = click.prompt(
            "Architecture", type=click.Choice(choices), default=choices[0]
        )
    return request._replace(name=name, task=task, arch=arch)


def _a_name(text: str) -> str:
    try:
        check_name(text)
    except ScaffoldError as error:
        raise click.UsageError(str(error)) from error
    return text
