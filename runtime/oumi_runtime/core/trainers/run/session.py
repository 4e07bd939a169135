"""Manages the output folder of a run, from its start to its end.

Only the first process writes to the folder; every process may read.
"""

import contextlib
import json
from io import StringIO
from pathlib import Path
from types import TracebackType
from typing import Any

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.configs.params.base_params import to_tree
from oumi_runtime.core.datasets import Stream
from oumi_runtime.core.datasets.fingerprints import Fingerprints
from oumi_runtime.core.distributed import (
    barrier,
    get_world_size,
    is_world_process_zero,
)
from oumi_runtime.core.files import read_json, write_whole
from oumi_runtime.core.log import logger
from oumi_runtime.core.models.saved_form import WEIGHTS_FILENAME
from oumi_runtime.core.trainers.base_trainer import BaseTrainer
from oumi_runtime.core.trainers.checkpoints.manifest import verify
from oumi_runtime.core.trainers.checkpoints.store import CheckpointStore, Found
from oumi_runtime.core.trainers.run.folder import (
    CONFIG_FILENAME,
    move_earlier_run,
    move_later_checkpoints,
)
from oumi_runtime.core.trainers.run.output_lock import OutputLock
from oumi_runtime.core.trainers.run.record import FINISHED, RunRecord, finished_session
from oumi_runtime.core.trainers.run.resuming import refuse_changes

RUN_CONFIG_FILENAME = "run_config.json"


class RunSession:
    """Locks the folder, finds the checkpoint to resume from, and keeps the record."""

    def __init__(self, config: TrainingConfig, fingerprints: Fingerprints) -> None:
        """Initializes the session.

        Args:
            config: The config.
            fingerprints: Those of the files that the run reads.
        """
        self._config = config
        self._params = config.training
        self._folder = Path(self._params.output_dir)
        self._fingerprints = fingerprints
        self._lock = contextlib.ExitStack()
        self._record: RunRecord | None = None
        self._trainer: BaseTrainer | None = None
        self._found = Found(None)

    def __enter__(self) -> "RunSession":
        """Locks the folder; see `OutputLock`."""
        if is_world_process_zero():
            self._lock.enter_context(OutputLock(self._folder))
            CheckpointStore(self._folder).clean()
        barrier()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Records how the run has ended, and unlocks the folder."""
        try:
            if self._record is not None and self._trainer is not None:
                reason = FINISHED if error is None else _reason(error)
                step = self._trainer.state.global_step
                metrics = self._trainer.get_last_eval_metrics()
                bad = self._trainer.bad_samples
                described = None if bad is None else bad.described()
                self._record.end(reason, step, metrics, described)
        except Exception as late:
            if error is None:
                raise
            logger.warning("cannot write the end of the run to its record: %s", late)
        finally:
            self._lock.__exit__(kind, error, traceback)

    def finished(self) -> dict[str, Any] | None:
        """Returns the final session if the run to be resumed is already finished."""
        if not self._params.try_resume_from_last_checkpoint:
            return None
        weights = self._folder / WEIGHTS_FILENAME
        if self._params.save_final_model and not weights.exists():
            return None
        return finished_session(self._folder, self._config)

    def find_checkpoint(self) -> Path | None:
        """Returns the checkpoint to resume from, if any.

        Raises:
            CheckpointError: The requested checkpoint is not valid.
            ChangedConfigError: It was saved with another config or other data.
        """
        if self._params.resume_from_checkpoint is not None:
            self._found = Found(Path(self._params.resume_from_checkpoint))
        elif self._params.try_resume_from_last_checkpoint:
            self._found = CheckpointStore(self._folder).find_latest()
            for reason in self._found.passed_over:
                logger.warning("skipping a checkpoint: %s", reason)
        if (path := self._found.path) is not None:
            verify(path)
            self._compare(path)
        return path

    def latest(self) -> Path | None:
        """Returns the newest valid checkpoint of the run."""
        return CheckpointStore(self._folder).latest()

    def files_to_keep(self) -> dict[str, bytes]:
        """Returns additional files for every checkpoint of this run."""
        return {RUN_CONFIG_FILENAME: json.dumps(self._described()).encode()}

    def begin(self, trainer: BaseTrainer) -> None:
        """Claims the folder for this run; only the first process calls this."""
        self._trainer = trainer
        if self._found.path is None:
            move_earlier_run(self._folder)
        else:
            move_later_checkpoints(self._folder, self._found.path)
        text = StringIO()
        self._config.to_yaml(text)
        write_whole(self._folder / CONFIG_FILENAME, text.getvalue())
        self._record = RunRecord(self._folder, self._config, self._fingerprints.all)
        batches = trainer.parts.train_batches
        is_stream = isinstance(batches.dataset, Stream)
        num_samples = None if is_stream else batches.num_samples
        self._record.begin(self._found.path, self._found.passed_over, num_samples)

    def _described(self) -> dict[str, Any]:
        # Through JSON, to be comparable with what was read from JSON.
        described = {
            "config": to_tree(self._config),
            "data": self._fingerprints.train,
            "evaluation_data": self._fingerprints.evaluation,
            "processes": get_world_size(),
        }
        made: dict[str, Any] = json.loads(json.dumps(described, default=str))
        return made

    def _compare(self, path: Path) -> None:
        try:
            saved = read_json(path / RUN_CONFIG_FILENAME, path)
        except FileNotFoundError:
            return  # Saved by a trainer used without a config.
        now = self._described()
        refuse_changes(path, saved, now, force=self._params.force_resume)


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
