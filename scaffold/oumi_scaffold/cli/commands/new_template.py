"""`oumi-scaffold new-template`: a copy of a built-in template as a starting point."""

import re
from pathlib import Path

import click

from oumi_scaffold.cli import output
from oumi_scaffold.cli.generating.options import task_option
from oumi_scaffold.cli.options import json_option
from oumi_scaffold.cli.recovery import locked
from oumi_scaffold.exceptions import BadTemplateNameError, UnknownChoiceError
from oumi_scaffold.project.paths import check_project
from oumi_scaffold.writing.plan import Plan, planned_file
from oumi_scaffold.writing.write import write
from oumi_templates.catalog import DEFAULT_TASK, TASKS, template_dir

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)


@click.command("new-template")
@click.argument("name")
@task_option("The task whose template to copy; see `list tasks`.")
@click.option("--dry-run", is_flag=True, help="Show what would be written.")
@json_option
def command(name: str, task: str | None, dry_run: bool, as_json: bool) -> None:
    """Copy the template of a task into a new folder NAME for you to edit."""
    if not _NAME.fullmatch(name):
        raise BadTemplateNameError(name)
    task = DEFAULT_TASK if task is None else task
    if task not in TASKS:
        raise UnknownChoiceError("task", task, TASKS)
    folder = Path(name)
    check_project(folder)
    source = template_dir(task)
    files = sorted(
        path
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )
    with locked(folder):
        entries = tuple(
            planned_file(
                folder.resolve(), file.relative_to(source).as_posix(), file.read_bytes()
            )
            for file in files
        )
        plan = Plan(folder.resolve(), entries, dry_run)
        if not plan.conflicts:
            write(plan)
    if as_json:
        statuses = [{"path": e.path, "status": str(e.status)} for e in entries]
        output.emit_json({"template": name, "dry_run": dry_run, "files": statuses})
    else:
        _print(name, plan)
    plan.raise_for_conflicts("Choose another name")


def _print(name: str, plan: Plan) -> None:
    for entry in plan.entries:
        output.status(entry.status, f"{name}/{entry.path}")
    if plan.conflicts or plan.dry_run:
        return
    output.say()
    output.heading("What to type next:")
    output.say(f"  oumi-scaffold check-template ./{name}")
    output.say(f"  oumi-scaffold new-model MyNet --template ./{name}")
