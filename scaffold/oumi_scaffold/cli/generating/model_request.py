"""What `new-model` is asked for: options, project settings, and the user's answers."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import click

from oumi_scaffold.cli.generating import decisions
from oumi_scaffold.cli.generating.template_hooks import TemplateHooks, hooks_of
from oumi_scaffold.cli.options import values_by_name
from oumi_scaffold.exceptions import NameListError, ScaffoldError
from oumi_scaffold.project.settings import ProjectSettings, read_settings
from oumi_scaffold.request.names import check_name, module_name
from oumi_scaffold.request.spec import RUNTIME, ModelSpec, model_spec, own_spec
from oumi_scaffold.request.values import Value
from oumi_scaffold.template.source import Source, built_in
from oumi_templates.catalog import DEFAULT_TASK, TASKS

_MOST_NAMES = 10_000


class Request(NamedTuple):
    """The options, as they were given."""

    name: str | None
    task: str | None
    arch: str | None
    template: str | None
    trust: bool
    target: str
    settings: tuple[str, ...]
    dataset: str | None
    data: str | None
    columns: tuple[str, ...]
    from_file: Path | None
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

    def specs(self, source: Source) -> list[ModelSpec]:
        """Returns a spec for each model to generate.

        Raises:
            NameListError: A line of `--from-file` is not a valid name, or is repeated.
        """
        layout = _settings_of(self).layout
        settings = values_by_name("--set", "ARGUMENT", self.settings)
        data = self._data(source, settings)
        names = [self.name] if self.name is not None else self._names()
        make = model_spec if source.is_built_in else own_spec
        first = make(names[0], source.where, self.arch, self.target, settings, layout)
        for name in names[1:]:
            check_name(name)
        return [first._replace(name=name, data=data) for name in names]

    def hooks(self, source: Source, specs: Sequence[ModelSpec]) -> TemplateHooks:
        """Returns the template's hook scripts, or none if they are not trusted."""
        return hooks_of(source, specs[0], trust=self.trust)

    def _data(self, source: Source, settings: Mapping[str, str]) -> dict[str, Value]:
        is_named = self.dataset is not None or self.data is not None
        if not is_named and not (settings and source.is_built_in):
            return {}
        if is_named and self.target != RUNTIME:
            option = "--data" if self.dataset is None else "--dataset"
            raise click.UsageError(f"{option} works only with --target {RUNTIME}")
        from oumi_scaffold.cli.generating.data_options import (
            data_answers,
            dataset_answers,
            note_misfits,
        )

        if not is_named:
            note_misfits(source, settings)
            return {}
        if self.dataset is not None:
            return dataset_answers(self.dataset, source, self.output_dir)
        path = Path(self.data or "")
        columns = values_by_name("--column", "USE", self.columns)
        return data_answers(path, source, self.output_dir, settings, columns)

    def _names(self) -> list[str]:
        assert self.from_file is not None
        path = self.from_file
        try:
            lines = path.read_bytes().decode("utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise NameListError(str(path), 1, f"it is not UTF-8: {error}") from error
        seen: dict[str, int] = {}
        names: list[str] = []
        for number, line in enumerate(lines, start=1):
            name = line.partition("#")[0].strip()
            if not name:
                continue
            try:
                check_name(name)
            except ScaffoldError as error:
                raise NameListError(str(path), number, str(error)) from error
            first = seen.setdefault(module_name(name), number)
            if first != number:
                reason = f"{name} would have the same file as line {first}"
                raise NameListError(str(path), number, reason)
            names.append(name)
        if not names:
            raise NameListError(str(path), 1, "it holds no name; write one a line")
        if len(names) > _MOST_NAMES:
            reason = f"it holds more than {_MOST_NAMES:,} names; split it"
            raise NameListError(str(path), len(lines), reason)
        return names


def complete(request: Request) -> Request:
    """Fills in project settings and, on a terminal, asks for what is missing.

    Raises:
        click.UsageError: Options conflict, or there is no name.
        SettingsError: The project's settings are wrong.
    """
    _check_options(request)
    settings = _settings_of(request)
    is_asked = request.name is None and request.from_file is None
    if is_asked and not request.may_ask:
        raise click.UsageError("Missing argument 'NAME'.")
    if request.template is None:
        task = request.task or settings.task
        # The default architecture goes only with the default task.
        arch = request.arch or (settings.arch if task == settings.task else None)
        request = request._replace(task=task, arch=arch)
    return _asked(request) if is_asked else request


def _check_options(request: Request) -> None:
    pairs = [
        (request.force, request.skip, "--force and --skip"),
        (request.name, request.from_file, "NAME and --from-file"),
        (request.template, request.task, "--template and --task"),
        (request.dataset, request.data, "--dataset and --data"),
    ]
    for one, other, names in pairs:
        if one and other:
            raise click.UsageError(f"{names} cannot be used together")
    if request.columns and request.data is None:
        raise click.UsageError("--column works only with --data")


def _asked(request: Request) -> Request:
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


def _settings_of(request: Request) -> ProjectSettings:
    return read_settings(request.output_dir)
