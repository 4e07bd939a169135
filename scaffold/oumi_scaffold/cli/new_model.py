"""`oumi-scaffold new-model`: write a model, its tests and its training config."""

from pathlib import Path

import click

from oumi_scaffold import requirements_file
from oumi_scaffold.cli import output
from oumi_scaffold.cli.registered import BUILT_IN, Registered, registered
from oumi_scaffold.exceptions import BadSettingError
from oumi_scaffold.generate import plan_model
from oumi_scaffold.names import TakenName, check_available
from oumi_scaffold.plan import Plan
from oumi_scaffold.spec import RUNTIME, TARGETS, ModelSpec, model_spec
from oumi_scaffold.write import write


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
@click.option("--dry-run", is_flag=True, help="Show what would be written.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    name: str,
    task: str | None,
    arch: str | None,
    target: str,
    settings: tuple[str, ...],
    output_dir: Path,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write the model NAME, its tests and its training config.

    NAME is the name of the class, such as MyNet, and the name that configs use.
    """
    spec = model_spec(name, task, arch, target, _by_name(settings))
    known = registered("models", output_dir)
    check_available(spec.name, [TakenName(r.name, _where(r)) for r in known])
    plan = plan_model(spec, output_dir, dry_run=dry_run)
    if not plan.conflicts:
        write(plan)
    if as_json:
        output.emit_json(_document(spec, plan))
    else:
        _print(spec, plan, output_dir)
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


def _where(taken: Registered) -> str:
    if taken.origin == BUILT_IN:
        return "a built-in model"
    return f"{taken.path}:{taken.line}"


def _document(spec: ModelSpec, plan: Plan) -> dict[str, object]:
    return {
        "name": spec.name,
        "task": spec.task,
        "arch": spec.arch,
        "target": spec.target,
        "project": str(plan.project),
        "dry_run": plan.dry_run,
        "written": not plan.dry_run and not plan.conflicts,
        "files": [{"path": e.path, "status": str(e.status)} for e in plan.entries],
    }


def _print(spec: ModelSpec, plan: Plan, output_dir: Path) -> None:
    for entry in plan.entries:
        output.status(entry.status, entry.path)
    if plan.conflicts:
        return
    output.say()
    if plan.dry_run:
        output.say("Nothing was written: this was a dry run.")
        return
    output.heading("What to type next:")
    if output_dir != Path():
        output.say(f"  cd {output_dir}")
    output.say("  python -m pytest -q")
    if spec.data_file is None:
        output.say(f"  oumi-scaffold train -c {spec.config_file}")
        return
    output.say(f"  python {spec.data_file}")
    # For this one command: Oumi would register the model twice in its tests.
    listed = f"OUMI_EXTRA_DEPS_FILE={requirements_file.FILE_NAME}"
    output.say(f"  {listed} oumi train -c {spec.config_file}")
