"""`oumi-scaffold new-project`: make a folder for a project, with a model in it."""

import shlex
from pathlib import Path

import click

from oumi_scaffold.cli import output
from oumi_scaffold.cli.generating.options import arch_option, task_option
from oumi_scaffold.cli.generating.plan_lines import PlanLines
from oumi_scaffold.cli.options import json_option
from oumi_scaffold.cli.recovery import locked
from oumi_scaffold.generating.projects import plan_project
from oumi_scaffold.request.project_spec import project_spec
from oumi_scaffold.writing.write import write


@click.command("new-project")
@click.argument("name")
@task_option("The task of the model; see `list tasks`.")
@arch_option
@click.option(
    "--model",
    metavar="NAME",
    default="MyNet",
    show_default=True,
    help="The class name of the model.",
)
@click.option(
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The folder to make the project in; the current one by default.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be written.")
@json_option
def command(
    name: str,
    task: str | None,
    arch: str | None,
    model: str,
    output_dir: Path,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make the folder NAME: a project that can be installed, with a model in it.

    It holds a pyproject.toml with settings for pytest, ruff and mypy, a README.md, a
    .gitignore, and what new-model writes. It must not exist, or be empty.
    """
    spec = project_spec(name, model, task, arch)
    with locked(output_dir):
        _, plan = plan_project(spec, output_dir, dry_run=dry_run)
        write(plan)
    lines = PlanLines(plan, backup=None)
    if as_json:
        described = {"task": spec.model.task, "arch": spec.model.arch}
        names = {"name": spec.name, "model": spec.model.name}
        output.emit_json({**names, **described, **lines.document()})
        return
    lines.show()
    if not dry_run:
        output.say()
        output.heading("What to type next:")
        output.say(f"  cd {shlex.quote(str(output_dir / name))}")
        output.say("  python -m pip install -e '.[dev]'")
        output.say("  python -m pytest -q")
        output.say(f"  oumi-scaffold train -c {spec.model.config_file}")
