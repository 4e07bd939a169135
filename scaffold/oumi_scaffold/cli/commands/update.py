"""`oumi-scaffold update`: bring generated models to the newest templates."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Any, NamedTuple

import click

from oumi_scaffold.cli import output
from oumi_scaffold.cli.generating import completion
from oumi_scaffold.cli.generating.options import (
    WritingOptions,
    settings_option,
    trust_option,
    writing_options,
)
from oumi_scaffold.cli.generating.plan_lines import PlanLines
from oumi_scaffold.cli.generating.template_hooks import TemplateHooks, hooks_of
from oumi_scaffold.cli.options import values_by_name
from oumi_scaffold.cli.recovery import locked
from oumi_scaffold.exceptions import (
    AnswerError,
    InvalidValueError,
    TemplateSourceError,
    UnknownChoiceError,
    UnresolvedError,
    UpdateConflictError,
    UpdateError,
)
from oumi_scaffold.generating.classes import Generator
from oumi_scaffold.project.manifest import FILE_NAME, check_version, read_recorded
from oumi_scaffold.project.recorded_model import RecordedModel
from oumi_scaffold.project.settings import read_settings
from oumi_scaffold.template.opening import opened
from oumi_scaffold.template.source import Source, built_in
from oumi_scaffold.updating.rerendering import Renewed, renewed
from oumi_scaffold.updating.update import Update, plan_update
from oumi_scaffold.writing.plan import Status
from oumi_scaffold.writing.write import write
from oumi_templates.catalog import TEMPLATES


class Request(NamedTuple):
    """The options, as they were given."""

    name: str | None
    settings: tuple[str, ...]
    template: str | None
    trust: bool
    markers: bool
    writing: WritingOptions

    def check(self) -> None:
        """Raises `click.UsageError` if options conflict."""
        for way, is_given in (
            ("--force", self.writing.force),
            ("--skip", self.writing.skip),
        ):
            if is_given and self.markers:
                raise click.UsageError(f"{way} and --markers cannot be used together")
        for option, value in (("--set", self.settings), ("--template", self.template)):
            if value and self.name is None:
                raise click.UsageError(f"{option} is for one model: give its NAME")


@click.command("update")
@click.argument("name", required=False, shell_complete=completion.generated_models)
@settings_option("Change a constructor default, such as hidden_dim=256")
@click.option(
    "--template",
    metavar="WHERE",
    help="Where the template is now, if not where it was, or another @ref of it.",
)
@trust_option
@click.option("--markers", is_flag=True, help="Write conflicts between markers.")
@writing_options(
    force="In conflicts, take the template's file.",
    skip="In conflicts, keep your file as it is.",
)
def command(**options: Any) -> None:
    """Bring the model NAME, or all generated models, to the newest templates.

    Your changes and the template's are merged. If both have changed the same lines,
    nothing is written, and the places are named.
    """
    request = Request(**options)
    request.check()
    project = request.writing.output_dir
    with ExitStack() as stack:
        stack.enter_context(locked(project))
        content, recorded = read_recorded(project.resolve())
        check_version(content)
        if request.name is not None and request.name not in recorded:
            raise UnknownChoiceError("generated model", request.name, recorded)
        wanted = [m for n, m in recorded.items() if request.name in (None, n)]
        models = _renewed(request, wanted, stack)
        hooks = _hooks(request, models)
        update = plan_update(
            project,
            content,
            models,
            request.writing.decisions(),
            markers=request.markers,
            dry_run=request.writing.dry_run,
        )
        backup = None if update.plan.conflicts else _written(update, hooks)
    _report(request.writing, models, update, backup)


def _written(update: Update, hooks: Sequence[TemplateHooks]) -> str | None:
    """Writes, with the hooks before and after if anything changes."""
    if not any(entry.is_written for entry in update.plan.entries):
        hooks = []
    for hook in hooks:
        hook.before(update.plan)
    backup = write(update.plan)
    for hook in hooks:
        hook.after(update.plan)
    return backup


def _renewed(
    request: Request, recorded: Sequence[RecordedModel], stack: ExitStack
) -> list[Renewed]:
    """Renders the models again; the templates stay open with the stack."""
    settings = values_by_name("--set", "ARGUMENT", request.settings)
    layout = read_settings(request.writing.output_dir).layout
    generators: dict[str, Generator] = {}
    models: list[Renewed] = []
    for model in recorded:
        where = request.template or model.where
        if where not in generators:
            try:
                generators[where] = Generator(stack.enter_context(_opened(where)))
            except (TemplateSourceError, UnknownChoiceError) as error:
                hint = "if it has moved, name its place with --template"
                raise UpdateError(model.name, str(error), hint) from error
        try:
            models.append(renewed(model, generators[where], layout, settings))
        except (UnknownChoiceError, InvalidValueError, AnswerError) as error:
            if settings:
                raise
            hint = f"change its answers in {FILE_NAME}"
            raise UpdateError(model.name, str(error), hint) from error
        for name in models[-1].dropped:
            output.note(f"{model.name}: the template does not ask for {name} any more")
    return models


def _opened(where: str) -> AbstractContextManager[Source]:
    return nullcontext(built_in(where)) if where in TEMPLATES else opened(where)


def _hooks(request: Request, models: Sequence[Renewed]) -> list[TemplateHooks]:
    """Returns the hook scripts to run; untrusted ones are noted once a template."""
    if request.trust:
        return [hooks_of(each.source, each.model.spec, trust=True) for each in models]
    for each in {model.source.where: model for model in models}.values():
        hooks_of(each.source, each.model.spec, trust=False)
    return []


def _report(
    writing: WritingOptions,
    models: Sequence[Renewed],
    update: Update,
    backup: str | None,
) -> None:
    lines = PlanLines(update.plan, backup, writing.diff)
    conflicts = update.places_of(Status.CONFLICT)
    markers = update.places_of(Status.MARKERS)
    if writing.as_json:
        output.emit_json(
            {
                "names": [model.recorded.name for model in models],
                **lines.document(),
                "conflicts": [place._asdict() for place in (*conflicts, *markers)],
            }
        )
    else:
        lines.show()
    if conflicts:
        raise UpdateConflictError([str(place) for place in conflicts])
    if markers and not writing.dry_run:
        raise UnresolvedError([str(place) for place in markers])
