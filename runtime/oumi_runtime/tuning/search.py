"""Trains with different values of a config, and keeps count of what each gave."""

import dataclasses
import gc
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from oumi_runtime.core.configs import TrainingConfig, TrainingParams
from oumi_runtime.core.trainers.callbacks import TrainingCallback, TrainingState
from oumi_runtime.core.trainers.callbacks.evaluated_metric import evaluated_metric
from oumi_runtime.core.trainers.run.output_lock import OutputLock
from oumi_runtime.exceptions import (
    ConfigError,
    ModelBuildError,
    ModelForwardError,
    NonFiniteLossError,
    SearchRangeError,
)
from oumi_runtime.finding.memory import is_out_of_memory
from oumi_runtime.train import train
from oumi_runtime.tuning.journal import REASON, counted, fail, open_study
from oumi_runtime.tuning.parameters import SearchedKey

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial, Trial

Outcome = Literal["finished", "pruned", "failed"]

_FOLDER = "tune"
_VALUES = "values"
# What the values of a trial can be to blame for.
_FAILURES = (ConfigError, ModelBuildError, ModelForwardError, NonFiniteLossError)


@dataclass(frozen=True)
class TunedTrial:
    """One training of a search."""

    number: int
    values: dict[str, str]
    """The searched keys and their values, as they are written in a config."""
    outcome: Outcome
    metric: float | None
    """The last evaluation; None if it has failed."""
    reason: str
    """Why it has failed; empty otherwise."""
    folder: Path
    """Its output folder, with the metrics and the record, but without weights."""


@dataclass(frozen=True)
class TuneResult:
    """All trials of a search."""

    metric: str
    greater_is_better: bool
    trials: tuple[TunedTrial, ...]

    @property
    def ranked(self) -> list[TunedTrial]:
        """The trials, the best one first: finished ones, pruned ones, failed ones."""
        sign = -1.0 if self.greater_is_better else 1.0
        places = ["finished", "pruned", "failed"]
        return sorted(
            self.trials,
            key=lambda t: (
                places.index(t.outcome),
                math.inf if t.metric is None else sign * t.metric,
            ),
        )

    @property
    def best(self) -> TunedTrial | None:
        """The finished trial with the best metric; None if none has finished."""
        finished = [each for each in self.ranked if each.outcome == "finished"]
        return finished[0] if finished else None


def tune(
    build: Callable[[Mapping[str, str]], TrainingConfig],
    keys: Sequence[SearchedKey],
    *,
    num_trials: int,
    prunes: bool = True,
    on_trial: Callable[[TunedTrial], None] = lambda trial: None,
) -> TuneResult:
    """Searches for the values with which a training gives the best metric.

    The metric is `training.metric_for_best_model` of the last evaluation. Values are
    drawn by a tree-structured Parzen estimator (Bergstra et al., 2011), and a trial
    that is worse than the median of the others at the same step is ended early. All is
    kept in `tune` in the output folder: a search with the same folder goes on where it
    ended, however that was.

    Args:
        build: Returns the config with the given values, by key.
        keys: What to search, at least one key.
        num_trials: The number of trials of the whole search, at least 1.
        prunes: Whether to end bad trials early.
        on_trial: Called after each trial.

    Raises:
        SearchRangeError: There is nothing to search, or a trial is never evaluated.
        ConfigError: The config does not take one of the values.
        ChangedSearchError: The folder holds a search for something else.
        OumiRuntimeError: A trial cannot start or continue, but not for its values.
    """
    params = build({}).training
    _check(params, keys, num_trials)
    for key in keys:
        for value in key.ends:
            build({key.key: value}).finalize_and_validate()
    folder = Path(params.output_dir) / _FOLDER
    with OutputLock(folder):
        study = open_study(folder, keys, params, prunes=prunes)
        while len(counted(study)) < num_trials:
            trial = study.ask()
            values = {key.key: key.suggest(trial) for key in keys}
            _run(trial, values, build, folder)
            on_trial(_tuned(study.trials[trial.number], folder))
        trials = tuple(_tuned(each, folder) for each in counted(study))
    metric, greater_is_better = params.metric_for_best_model, params.is_greater_better
    return TuneResult(metric, greater_is_better, trials)


def _check(params: TrainingParams, keys: Sequence[SearchedKey], number: int) -> None:
    names = [key.key for key in keys]
    if not keys or len(set(names)) < len(names):
        raise SearchRangeError("give each key to search once, and at least one")
    if number < 1:
        raise SearchRangeError(
            f"the number of trials cannot be {number}: give 1 or more"
        )
    if params.eval_strategy == "no":
        raise SearchRangeError(
            "there is nothing to compare trials by: set training.eval_strategy to "
            "steps or epoch, and data.validation to the data of the evaluation"
        )


def _run(
    trial: "Trial",
    values: Mapping[str, str],
    build: Callable[[Mapping[str, str]], TrainingConfig],
    folder: Path,
) -> None:
    """Trains, and tells the study what came of it."""
    from optuna.trial import TrialState

    trial.set_user_attr(_VALUES, dict(values))
    study = trial.study
    try:
        config = build(values)
        config.training = _for_trial(config.training, _folder_of(folder, trial.number))
        watch = _Watch(trial, config.training.metric_for_best_model)
        result = train(config, callbacks=(watch,))
    except (*_FAILURES, RuntimeError) as error:
        # Others, such as a signal or a full disk, would end the next trial as well.
        if not isinstance(error, _FAILURES) and not is_out_of_memory(error):
            raise
        fail(study, trial, str(error).partition("\n")[0])
    else:
        if not result.metrics:
            raise SearchRangeError(
                f"a trial was not evaluated in its {result.global_step} steps; lower "
                "training.eval_steps, or set training.eval_strategy to epoch"
            )
        value = result.metrics[config.training.metric_for_best_model]
        if watch.has_pruned:
            study.tell(trial, state=TrialState.PRUNED)
        elif math.isfinite(value):
            study.tell(trial, value)
        else:
            fail(study, trial, f"{config.training.metric_for_best_model} is {value}")
    # The next model may need the memory of this one.
    gc.collect()


def _for_trial(params: TrainingParams, folder: Path) -> TrainingParams:
    """Returns the training section without saving, and with its own folder."""
    return dataclasses.replace(
        params,
        output_dir=str(folder),
        save_steps=0,
        save_epoch=False,
        save_minutes=None,
        save_best=0,
        save_final_model=False,
        try_resume_from_last_checkpoint=False,
        log_level="warning",
    )


class _Watch(TrainingCallback):
    """Reports evaluations to the study, which may end the trial."""

    def __init__(self, trial: "Trial", metric: str) -> None:
        self._trial = trial
        self._metric = metric
        self.has_pruned = False

    def on_log(self, state: TrainingState, metrics: dict[str, float]) -> None:
        metric = evaluated_metric(metrics, self._metric)
        if metric is None:
            return
        self._trial.report(metric, state.global_step)
        if state.global_step < state.total_steps and self._trial.should_prune():
            self.has_pruned = True
            state.requests.stop = "other trials were better at this step"


def _folder_of(folder: Path, number: int) -> Path:
    return folder / f"trial-{number:03}"


def _tuned(trial: "FrozenTrial", folder: Path) -> TunedTrial:
    outcome, metric = _outcome(trial)
    return TunedTrial(
        number=trial.number,
        values=trial.user_attrs[_VALUES],
        outcome=outcome,
        metric=metric,
        reason=trial.user_attrs.get(REASON, ""),
        folder=_folder_of(folder, trial.number),
    )


def _outcome(trial: "FrozenTrial") -> tuple[Outcome, float | None]:
    from optuna.trial import TrialState

    if trial.state is TrialState.COMPLETE:
        return "finished", trial.value
    if trial.state is TrialState.PRUNED:
        reported = trial.intermediate_values
        return "pruned", reported[max(reported)]
    return "failed", None
