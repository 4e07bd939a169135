"""What `new-model` and `wrap` do once they know the models: render, write, report."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from oumi_scaffold.cli import output
from oumi_scaffold.cli.generating.decisions import Decisions
from oumi_scaffold.cli.generating.plan_report import Report
from oumi_scaffold.cli.generating.taken_names import check_free, taken_names
from oumi_scaffold.cli.generating.template_hooks import TemplateHooks
from oumi_scaffold.generate import Generated, generated, plan_models
from oumi_scaffold.request.spec import ModelSpec
from oumi_scaffold.template.source import Source
from oumi_scaffold.writing.plan import Plan
from oumi_scaffold.writing.write import exclusive, write


class Options(Protocol):
    """The options that say where files are written, and what if some exist."""

    @property
    def output_dir(self) -> Path:
        """The project's folder."""
        ...

    @property
    def force(self) -> bool:
        """Whether existing files are replaced."""
        ...

    @property
    def skip(self) -> bool:
        """Whether existing files are kept."""
        ...

    @property
    def diff(self) -> bool:
        """Whether changes are shown."""
        ...

    @property
    def dry_run(self) -> bool:
        """Whether nothing is written."""
        ...

    @property
    def as_json(self) -> bool:
        """Whether the report is one JSON document."""
        ...

    @property
    def may_ask(self) -> bool:
        """Whether the user can be asked."""
        ...


class Written(NamedTuple):
    """The models, the plan that was carried out, and the backup, if any."""

    models: Sequence[Generated]
    plan: Plan
    backup: str | None

    def report(self, options: Options) -> None:
        """Prints what became of each file.

        Raises:
            ConflictError: Files were in the way.
        """
        report = Report(self.models, self.plan, self.backup, options.diff)
        if options.as_json:
            output.emit_json(report.document())
        else:
            report.show(options.output_dir)
        self.plan.raise_for_conflicts()


def write_models(
    specs: Sequence[ModelSpec],
    source: Source,
    options: Options,
    hooks: TemplateHooks,
) -> Written:
    """Renders models and writes their files, all or nothing.

    Args:
        specs: The models, at least one; see `generated`.
        source: Their template.
        options: Where to write, and what to do about existing files.
        hooks: The template's scripts.

    Raises:
        NameTakenError: A name is registered already.
    """
    folder = options.output_dir
    with exclusive(folder) as recovered:
        if recovered:
            output.note(recovered)
        taken = taken_names(folder, specs)
        models = generated(specs, source)
        check_free(models, taken, folder, may_be_own=True)
        plan = plan_models(models, folder, source, dry_run=options.dry_run)
        if not (plan.conflicts or options.force or options.skip):
            check_free(models, taken, folder, may_be_own=False)
        plan = plan.decided(
            Decisions(force=options.force, skip=options.skip, ask=options.may_ask)
        )
        backup = None
        if not plan.conflicts:
            hooks.before(plan)
            backup = write(plan)
            hooks.after(plan)
    return Written(models, plan, backup)
