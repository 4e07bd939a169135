"""The study of a search, kept in a file, so that a search can be continued."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.log import logger
from oumi_runtime.exceptions import ChangedSearchError, MissingExtraError
from oumi_runtime.tuning.parameters import SearchedKey

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

JOURNAL_FILENAME = "journal.jsonl"
_SEARCHED, _METRIC = "searched", "metric"
_DIFFERS = {
    _SEARCHED: "it holds a search of other keys or values",
    _METRIC: "it holds a search by another metric, or in the other direction",
}
REASON = "reason"
"""The attribute of failed trials that tells why they have failed."""
_UNPRUNED_TRIALS = 5


def open_study(
    folder: Path, keys: Sequence[SearchedKey], params: TrainingParams, *, prunes: bool
) -> "Study":
    """Opens the study of a folder, or begins one.

    Trials that were interrupted are put first in the queue.

    Args:
        folder: The folder of the search, locked by the caller.
        keys: What is searched.
        params: The training section: the metric, its direction, and the seed.
        prunes: Whether trials that are worse than the median are to be ended early.

    Raises:
        MissingExtraError: optuna is not installed.
        ChangedSearchError: The folder holds a search for something else, or its
            journal is damaged.
    """
    try:
        # Imported only where it is used: it is an extra.
        import optuna
    except ModuleNotFoundError as error:
        raise MissingExtraError("optuna", "tune", "tune") from error
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path = folder / JOURNAL_FILENAME
    if not path.exists() and any(folder.glob("trial-*")):
        raise ChangedSearchError(folder, f"it has trials, but no {JOURNAL_FILENAME}")
    _mend(path)
    study = optuna.create_study(
        study_name="tune",
        storage=optuna.storages.JournalStorage(JournalFileBackend(str(path))),
        load_if_exists=True,
        direction="maximize" if params.is_greater_better else "minimize",
    )
    # With the seed alone, a continued search would draw the first values again.
    seed = params.seed + len(study.get_trials(deepcopy=False))
    study.sampler = optuna.samplers.TPESampler(seed=seed)
    study.pruner = optuna.pruners.NopPruner()
    if prunes:
        study.pruner = optuna.pruners.MedianPruner(n_startup_trials=_UNPRUNED_TRIALS)
    _require_same(study, folder, keys, params)
    _queue_interrupted(study)
    return study


def fail(study: "Study", trial: "Trial", reason: str) -> None:
    """Tells the study that a trial has failed, and why."""
    from optuna.trial import TrialState

    trial.set_user_attr(REASON, reason)
    study.tell(trial, state=TrialState.FAIL)


def counted(study: "Study") -> list["FrozenTrial"]:
    """Returns the trials that have ended, however, but for interrupted ones."""
    from optuna.trial import TrialState

    return [
        trial
        for trial in study.get_trials(deepcopy=False)
        if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
        or (trial.state is TrialState.FAIL and REASON in trial.user_attrs)
    ]


def _mend(path: Path) -> None:
    """Takes back a last line that was cut off by a kill, or by a full disk.

    What it says had not happened yet.

    Raises:
        ChangedSearchError: Another line is damaged.
    """
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    if lines and not lines[-1].endswith(b"\n"):
        size = sum(map(len, lines[:-1]))
        logger.warning("taking back the last line of %s, which was cut off", path)
        with path.open("r+b") as file:
            file.truncate(size)
        lines.pop()
    for number, line in enumerate(lines, start=1):
        if not _is_entry(line):
            reason = f"line {number} of {path.name} is damaged"
            raise ChangedSearchError(path.parent, reason)


def _is_entry(line: bytes) -> bool:
    try:
        entry = json.loads(line)
    except ValueError:
        return False
    return isinstance(entry, dict) and isinstance(entry.get("op_code"), int)


def _require_same(
    study: "Study", folder: Path, keys: Sequence[SearchedKey], params: TrainingParams
) -> None:
    asked: dict[str, Any] = {
        _SEARCHED: [key.as_json() for key in keys],
        _METRIC: [params.metric_for_best_model, params.is_greater_better],
    }
    for name, value in asked.items():
        found = study.user_attrs.get(name)
        if found is None:
            study.set_user_attr(name, value)
        elif found != value:
            raise ChangedSearchError(folder, _DIFFERS[name])


def _queue_interrupted(study: "Study") -> None:
    from optuna.trial import TrialState

    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        if trial.params:
            study.enqueue_trial(trial.params)
