"""`oumi-scaffold undo`: take a generated model back."""

from pathlib import Path

import click

from oumi_scaffold.cli import output
from oumi_scaffold.cli.generating import completion, decisions
from oumi_scaffold.cli.generating.decisions import Decisions
from oumi_scaffold.cli.generating.plan_lines import PlanLines
from oumi_scaffold.cli.options import json_option
from oumi_scaffold.exceptions import ChangedFilesError
from oumi_scaffold.updating.undo import plan_undo
from oumi_scaffold.writing.write import exclusive, write


@click.command("undo")
@click.argument("name", required=False, shell_complete=completion.generated_models)
@click.option(
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The project's folder; the current one by default.",
)
@click.option("--force", is_flag=True, help="Delete changed files; a copy is kept.")
@click.option("--skip", is_flag=True, help="Keep changed files, and delete the others.")
@click.option("--dry-run", is_flag=True, help="Show what would be deleted.")
@json_option
def command(
    name: str | None,
    output_dir: Path,
    force: bool,
    skip: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Take back the model NAME, or the one that was generated last.

    Its files are deleted if they are still as they were generated, and it is taken out
    of the files that the models of a project share.
    """
    if force and skip:
        raise click.UsageError("--force and --skip cannot be used together")
    ask = not (dry_run or as_json) and decisions.is_interactive()
    with exclusive(output_dir) as recovered:
        if recovered:
            output.note(recovered)
        decide = Decisions(force=force, skip=skip, ask=ask)
        undo = plan_undo(output_dir, name, decide, dry_run=dry_run)
        backup = None if undo.plan.conflicts else write(undo.plan)
    lines = PlanLines(undo.plan, backup)
    if as_json:
        replaced = {"replaced": list(undo.replaced)}
        output.emit_json({"name": undo.name, **lines.document(), **replaced})
    else:
        lines.show()
    for copy in undo.replaced:
        output.note(f"what was replaced earlier is not brought back: see {copy}")
    if undo.plan.conflicts:
        raise ChangedFilesError(undo.plan.conflicts)
