"""`oumi-scaffold tune`: the values of a config with which training ends best."""

import dataclasses
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from oumi_scaffold.cli import exit_codes, output
from oumi_scaffold.cli.running.configs import config_command, overridable

if TYPE_CHECKING:
    from oumi_runtime.core.configs import TrainingConfig
    from oumi_runtime.tuning import TunedTrial, TuneResult

_SHOWN_TRIALS = 10


@config_command("tune")
@click.option(
    "--search",
    "searched",
    multiple=True,
    required=True,
    metavar="KEY=VALUES",
    help="What to search: A,B,C or LOW..HIGH, or LOW..HIGH:log. Repeat for more keys.",
)
@click.option(
    "--trials",
    type=int,
    default=20,
    show_default=True,
    help="The number of trainings, of all calls together.",
)
@click.option("--no-pruning", is_flag=True, help="Train bad trials to the end, too.")
@overridable
def command(
    config: str,
    searched: tuple[str, ...],
    trials: int,
    no_pruning: bool,
    interpolate: bool,
    as_json: bool,
    overrides: tuple[str, ...],
) -> int:
    """Train with many values of a config, and find the best.

    For example, --search training.learning_rate=1e-4..1e-2:log and --search
    model.model_kwargs.hidden_dim=64,128,256. The best trial is the one whose last
    evaluation has the best training.metric_for_best_model. The trials are kept in
    `tune` in the output folder, for `report` to compare; the same command goes on with
    a search that was interrupted. OVERRIDES replace values of the config in all trials.
    """
    from oumi_runtime.core.configs import TrainingConfig

    def build(values: Mapping[str, str]) -> "TrainingConfig":
        searched = [
            word for key, value in values.items() for word in (f"--{key}", value)
        ]
        return TrainingConfig.from_yaml_and_arg_list(
            config, [*overrides, *searched], ignore_interpolation=not interpolate
        )

    build({}).finalize_and_validate()  # Before torch is imported.
    from oumi_runtime.exceptions import TrainingStoppedError
    from oumi_runtime.tuning import searched_key, tune

    keys = [searched_key(each) for each in searched]
    try:
        with output.only_json(as_json):
            found = tune(
                build,
                keys,
                num_trials=trials,
                prunes=not no_pruning,
                on_trial=lambda trial: output.note(_line(trial)),
            )
    except TrainingStoppedError as stopped:
        output.error("interrupted; the same command goes on with the search")
        return stopped.exit_code
    if as_json:
        output.emit_json(_document(found))
    else:
        _show(found, [key.key for key in keys])
    if found.best is None:
        last = found.trials[-1].reason or "all trials were pruned"
        output.error(f"no trial has finished; the last one: {last}")
        return exit_codes.FAILED
    if not as_json:
        _show_next_step(found.best, ["-c", config, *overrides])
    return 0


def _line(trial: "TunedTrial") -> str:
    values = "  ".join(f"{key} {value}" for key, value in trial.values.items())
    came_of_it = trial.reason if trial.metric is None else f"{trial.metric:.5g}"
    return f"trial {trial.number} {trial.outcome}: {came_of_it}  {values}"


def _show(found: "TuneResult", keys: list[str]) -> None:
    """Prints the best trials."""
    rows = [
        [
            str(trial.number),
            "" if trial.metric is None else f"{trial.metric:.5g}",
            trial.outcome,
            *(trial.values[key] for key in keys),
        ]
        for trial in found.ranked[:_SHOWN_TRIALS]
    ]
    output.table(["trial", found.metric, "", *keys], rows)


def _show_next_step(best: "TunedTrial", words: list[str]) -> None:
    """Prints the command that trains with the values of a trial."""
    values = [w for key, value in best.values.items() for w in (f"--{key}", value)]
    output.say()
    output.heading("Train with the best values:")
    output.say(f"  {shlex.join(['oumi-scaffold', 'train', *words, *values])}")


def _document(found: "TuneResult") -> dict[str, object]:
    def shown(trial: "TunedTrial") -> dict[str, object]:
        return {**dataclasses.asdict(trial), "folder": str(trial.folder)}

    return {
        "metric": found.metric,
        "greater_is_better": found.greater_is_better,
        "best": None if found.best is None else shown(found.best),
        "trials": [shown(trial) for trial in found.trials],
    }
