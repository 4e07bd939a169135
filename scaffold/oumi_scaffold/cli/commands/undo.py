"""`oumi-scaffold undo`: take a generated model back."""

import click

from oumi_scaffold.cli import output
from oumi_scaffold.cli.generating import completion
from oumi_scaffold.cli.generating.options import WritingOptions, writing_options
from oumi_scaffold.cli.generating.plan_lines import PlanLines
from oumi_scaffold.cli.recovery import locked
from oumi_scaffold.exceptions import ChangedFilesError
from oumi_scaffold.updating.undo import plan_undo
from oumi_scaffold.writing.write import write


@click.command("undo")
@click.argument("name", required=False, shell_complete=completion.generated_models)
@writing_options(
    force="Delete changed files; a copy is kept.",
    skip="Keep changed files, and delete the others.",
    dry_run="Show what would be deleted.",
    diff=None,
)
def command(name: str | None, writing: WritingOptions) -> None:
    """Take back the model NAME, or the one that was generated last.

    Its files are deleted if they are still as they were generated, and it is taken out
    of the files that the models of a project share.
    """
    project, decide = writing.output_dir, writing.decisions()
    with locked(project):
        undo = plan_undo(project, name, decide, dry_run=writing.dry_run)
        backup = None if undo.plan.conflicts else write(undo.plan)
    lines = PlanLines(undo.plan, backup)
    if writing.as_json:
        replaced = {"replaced": list(undo.replaced)}
        output.emit_json({"name": undo.name, **lines.document(), **replaced})
    else:
        lines.show()
    for copy in undo.replaced:
        output.note(f"what was replaced earlier is not brought back: see {copy}")
    if undo.plan.conflicts:
        raise ChangedFilesError(undo.plan.conflicts)
