"""`oumi-scaffold new-model`: write a model, its tests and its training config."""

import shlex
from pathlib import Path

import click

from oumi_scaffold import requirements_file
from oumi_scaffold.cli import output
from oumi_scaffold.cli.decisions import Decisions
from oumi_scaffold.cli.registered import BUILT_IN, Registered, registered
from oumi_scaffold.exceptions import BadSettingError
from oumi_scaffold.generate import plan_model
from oumi_scaffold.names import TakenName, check_available
from oumi_scaffold.plan import Plan, PlanEntry
from oumi_scaffold.spec import RUNTIME, TARGETS, ModelSpec, model_spec
from oumi_scaffold.write import exclusive, write


@click.command("new-model")
@click.argument("name")
@click.option("--task", metavar="TASK", help="What it is for; see `list tasks`.")
@click.option("--arch", metavar="ARCH", help="Its body; see `list tasks`.")
@click.option(
    "--target",
    metavar="|".join(TARGETS),
    default=RUNTIME,
    help="What its code imports: this project's runtime, or the oumi package.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="ARGUMENT=VALUE",
    help="A default of the constructor, such as hidden_dim=256; may be repeated.",
)
@click.option(
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The project's folder; the current one by default.",
)
@click.option("--force", is_flag=True, help="Replace files in the way; keep a copy.")
@click.option("--skip", is_flag=True, help="Leave files in the way as they are.")
@click.option("--diff", is_flag=True, help="Show what would change in files.")
@click.option("--dry-run", is_flag=True, help="Show what would be written.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    name: str,
    task: str | None,
    arch: str | None,
    target: str,
    settings: tuple[str, ...],
    output_dir: Path,
    force: bool,
    skip: bool,
    diff: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write the model NAME, its tests and its training config.

    NAME is the name of the class, such as MyNet, and the name that configs use.
    """
    if force and skip:
        raise click.UsageError("--force and --skip exclude each other")
    spec = model_spec(name, task, arch, target, _by_name(settings))
    decide = Decisions(force=force, skip=skip, ask=not (dry_run or as_json))
    with exclusive(output_dir) as recovered:
        if recovered:
            output.note(recovered)
        taken = _taken(output_dir)
        own = output_dir.resolve() / spec.model_file
        check_available(spec.name, [name for path, name in taken if path != own])
        plan = plan_model(spec, output_dir, dry_run=dry_run)
        if not (plan.conflicts or force or skip):
            check_available(spec.name, [name for _, name in taken])
        plan = plan.decided(decide)
        backup = None if plan.conflicts else write(plan)
    if as_json:
        output.emit_json(_document(spec, plan, backup, diff))
    else:
        _print(spec, plan, output_dir, backup, diff)
    plan.raise_for_conflicts()


def _by_name(settings: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name:
            raise BadSettingError(setting, "write ARGUMENT=VALUE")
        if name in found:
            raise BadSettingError(setting, f"{name} is set twice")
        found[name] = text
    return found


def _taken(project: Path) -> list[tuple[Path, TakenName]]:
    return [
        (found.path, TakenName(found.name, _where(found)))
        for found in registered("models", project)
    ]


def _where(taken: Registered) -> str:
    if taken.origin == BUILT_IN:
        return "a built-in model"
    return f"{taken.path}:{taken.line}"


def _document(
    spec: ModelSpec, plan: Plan, backup: str | None, diff: bool
) -> dict[str, object]:
    return {
        "name": spec.name,
        "task": spec.task,
        "arch": spec.arch,
        "target": spec.target,
        "project": str(plan.project),
        "dry_run": plan.dry_run,
        "written": not plan.dry_run and not plan.conflicts,
        "backup": backup,
        "files": [_file(entry, diff) for entry in plan.entries],
    }


def _file(entry: PlanEntry, diff: bool) -> dict[str, object]:
    file: dict[str, object] = {"path": entry.path, "status": str(entry.status)}
    if diff and entry.before is not None:
        lines = output.diff_lines(entry.path, entry.before, entry.after)
        file["diff"] = lines
    return file


def _print(
    spec: ModelSpec, plan: Plan, output_dir: Path, backup: str | None, diff: bool
) -> None:
    for entry in plan.entries:
        output.status(entry.status, entry.path)
        if diff and entry.before is not None:
            output.diff(entry.path, entry.before, entry.after)
    if backup:
        output.say(f"what was replaced is kept in {backup}")
    if plan.conflicts:
        return
    output.say()
    if plan.dry_run:
        output.say("Nothing was written: this was a dry run.")
        return
    output.heading("What to type next:")
    if output_dir != Path():
        output.say(f"  cd {shlex.quote(str(output_dir))}")
    output.say("  python -m pytest -q")
    if spec.data_file is None:
        output.say(f"  oumi-scaffold train -c {spec.config_file}")
        return
    output.say(f"  python {spec.data_file}")
    # For this one command: Oumi would register the model twice in its tests.
    listed = f"OUMI_EXTRA_DEPS_FILE={requirements_file.FILE_NAME}"
    output.say(f"  {listed} oumi train -c {spec.config_file}")
