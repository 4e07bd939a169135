"""`oumi-scaffold demo`: the whole workflow once, in a new project."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from oumi_scaffold.cli import output
from oumi_scaffold.exceptions import DemoError, NotEmptyError
from oumi_scaffold.request.spec import model_spec

SPEC = model_spec("DigitNet", "image-classification", "cnn")
_SCAFFOLD = [sys.executable, "-m", "oumi_scaffold"]


@click.command("demo")
@click.option(
    "--keep",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The project's folder, new or empty; a temporary one by default.",
)
def command(keep: Path | None) -> None:
    """Generate a classifier of handwritten digits, test, train and evaluate it."""
    project = _new_folder(keep)
    new_model = ["new-model", SPEC.name, "--task", SPEC.task, "--arch", SPEC.arch]
    config = ["-c", SPEC.config_file]
    _stage(project, ["oumi-scaffold", *new_model])
    _stage(project, ["python", "-m", "pytest", "-q"])
    _stage(project, ["oumi-scaffold", "train", *config])
    measured = _stage(project, ["oumi-scaffold", "evaluate", *config], as_json=True)
    evaluation = json.loads(measured)
    output.metrics(evaluation["metrics"])
    output.say()
    accuracy = _accuracy(evaluation["metrics"])
    output.heading(
        f"Held-out accuracy {accuracy:.4f} on {evaluation['num_samples']} images"
    )
    output.say()
    output.say(f"The project is in {project}")
    output.say(f"  the model     {SPEC.model_file}")
    output.say(f"  its tests     {SPEC.test_file}")
    output.say(f"  its config    {SPEC.config_file}")
    output.say(f"  its weights   {evaluation['model_dir']}")
    output.say()
    output.heading("What to type next:")
    output.say("  oumi-scaffold new-model MyNet")


def _new_folder(keep: Path | None) -> Path:
    if keep is None:
        return Path(tempfile.mkdtemp(prefix="oumi-scaffold-demo-"))
    if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise NotEmptyError(keep)
    keep.mkdir(parents=True, exist_ok=True)
    return keep.resolve()


def _stage(project: Path, words: list[str], *, as_json: bool = False) -> str:
    """Runs one command line in the project, as a user would type it.

    Args:
        project: The folder to run it in.
        words: The command line.
        as_json: Whether to return the output as JSON, in place of showing it.

    Returns:
        The JSON, else an empty string.

    Raises:
        DemoError: It failed.
    """
    output.say()
    output.heading(f"$ {' '.join(words)}")
    sys.stdout.flush()
    program = {"oumi-scaffold": _SCAFFOLD, "python": [sys.executable]}[words[0]]
    done = subprocess.run(
        [*program, *words[1:], *(["--json"] if as_json else [])],
        cwd=project,
        check=False,
        text=True,
        stdout=subprocess.PIPE if as_json else None,
    )
    if done.returncode != 0:
        raise DemoError(words, done.returncode, project)
    return done.stdout or ""


def _accuracy(metrics: dict[str, float]) -> float:
    return next(value for name, value in metrics.items() if "accuracy" in name)
