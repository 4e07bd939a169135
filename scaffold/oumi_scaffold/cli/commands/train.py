"""`oumi-scaffold train`: train the model of a config."""

import itertools
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oumi_scaffold.cli import exit_codes, output
from oumi_scaffold.cli.running.configs import (
    RUN_CONFIG_FILE,
    checked_config,
    config_command,
    overridable,
)

if TYPE_CHECKING:
    from oumi_runtime.core.configs import TrainingConfig


@config_command("train", required=False)
@click.option(
    "--like",
    type=click.Path(path_type=Path),
    metavar="OUTPUT_DIR",
    help="Repeat the run of an output folder, in a new folder.",
)
@click.option(
    "--auto-resume",
    is_flag=True,
    help="Resume from the newest valid checkpoint, if there is one.",
)
@click.option(
    "--nproc-per-node",
    type=click.IntRange(min=1),
    metavar="N",
    help="Train in N processes on this machine, such as one for each GPU.",
)
@overridable
def command(
    config: str | None,
    like: Path | None,
    auto_resume: bool,
    nproc_per_node: int | None,
    interpolate: bool,
    as_json: bool,
    overrides: tuple[str, ...],
) -> None:
    """Train the model of a config on its data.

    OVERRIDES replace values of the config, as in --training.max_steps 100. On SIGTERM,
    Ctrl-C and SIGUSR1 the run finishes its step, saves, and exits with 143 or 130. Run
    the same command with --auto-resume to resume it.
    """
    config, arguments = _what_to_run(config, like, list(overrides))
    is_changed = bool(arguments)
    if auto_resume:
        arguments += ["--training.try_resume_from_last_checkpoint", "true"]
    loaded = checked_config(config, arguments, interpolate)
    if like is not None:
        _note_differences(loaded, like)
    with output.only_json(as_json):
        if nproc_per_node is None:
            steps, metrics = _train_here(loaded)
        else:
            interpolation = ["--interpolate"] if interpolate else []
            given = ["-c", config, *interpolation, *arguments]
            steps, metrics = _train_in_processes(loaded, given, nproc_per_node)
    if as_json:
        document = {"metrics": output.json_numbers(metrics), "global_step": steps}
        output.emit_json(
            {**document, "output_dir": str(Path(loaded.training.output_dir))}
        )
        return
    output.say()
    output.heading(f"Trained for {steps} steps")
    if metrics:
        output.metrics(metrics)
    _show_next_steps(loaded, None if is_changed else config)


def _note_differences(config: "TrainingConfig", earlier: Path) -> None:
    """Notes what will keep a run from being a repetition of an earlier one."""
    from oumi_runtime.builders import fingerprints_of
    from oumi_runtime.core.trainers.run.differences import what_differs

    for difference in what_differs(earlier, fingerprints_of(config).all):
        output.note(f"this run will differ: {difference}")


def _show_next_steps(config: "TrainingConfig", file: str | None) -> None:
    """Prints where the model is, and what to type to use it.

    Args:
        config: The config, as it was run.
        file: The file that holds the same; None if overrides have changed it.
    """
    output_dir = Path(config.training.output_dir)
    output.say(f"The model is in {output_dir}")
    output.say()
    if not (config.data.test.datasets or config.data.validation.datasets):
        output.say("To evaluate it, name held-out data under data.test")
        return
    # The overrides are in the copy of the config that the run keeps.
    whole = file or str(output_dir / RUN_CONFIG_FILE)
    output.heading("What to type next:")
    for command in ("evaluate", "predict"):
        output.say(f"  oumi-scaffold {command} -c {shlex.quote(whole)}")


def _train_here(config: "TrainingConfig") -> tuple[int, dict[str, float]]:
    """Returns the steps done, and the metrics."""
    from oumi_runtime.train import train

    result = train(config)
    return result.global_step, result.metrics


def _train_in_processes(
    config: "TrainingConfig", arguments: list[str], num_processes: int
) -> tuple[int, dict[str, float]]:
    """Returns the steps done, and the metrics; exits if a process fails."""
    from oumi_runtime.core.trainers.run.record import finished_session
    from oumi_runtime.launch import train_in_processes

    code = train_in_processes(arguments, num_processes)
    ended = finished_session(Path(config.training.output_dir), config)
    if code or ended is None:
        click.get_current_context().exit(code or exit_codes.FAILED)
    return ended["global_step"], ended["metrics"]


def _what_to_run(
    config: str | None, like: Path | None, overrides: list[str]
) -> tuple[str, list[str]]:
    """The config's file and the overrides."""
    if like is None:
        if config is None:
            raise click.UsageError("Missing option '-c' / '--config', or '--like'.")
        return config, overrides
    if config is not None:
        raise click.UsageError("use either -c FILE or --like OUTPUT_DIR")
    if not (like / RUN_CONFIG_FILE).is_file():
        raise click.UsageError(f"{like} holds no config.yaml of a run")
    # First, so that the user's own override these.
    again = ["--training.output_dir", str(_free_name(like))]
    again += ["--training.resume_from_checkpoint", "null"]
    return str(like / RUN_CONFIG_FILE), [*again, *overrides]


def _free_name(folder: Path) -> Path:
    """The first of FOLDER-2, FOLDER-3 and so on that does not exist."""
    names = (folder.with_name(f"{folder.name}-{n}") for n in itertools.count(2))
    return next(name for name in names if not name.exists())
