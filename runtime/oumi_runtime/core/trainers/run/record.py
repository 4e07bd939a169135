"""The record of a run, `run.json`: enough to know what it was, and to repeat it.

It is written when the run starts and when it ends. A process that is killed leaves a
session without an end.
"""

import json
import os
import platform
import socket
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.configs.params.base_params import to_tree
from oumi_runtime.core.files import read_json, write_whole
from oumi_runtime.core.hardware import hardware
from oumi_runtime.core.trainers.run.resuming import as_read_now
from oumi_runtime.exceptions import UnsafeFileError

RECORD_FILENAME = "run.json"
FINISHED = "finished"
_PACKAGES = (
    *("oumi-scaffold", "torch", "transformers", "tokenizers", "numpy"),
    *("safetensors", "datasets", "pyarrow"),
)


class RunRecord:
    """The record of a run, over all its sessions."""

    def __init__(
        self, folder: Path, config: TrainingConfig, data: dict[str, Any]
    ) -> None:
        """Initializes the record.

        Args:
            folder: The output folder.
            config: The config as it is run.
            data: The fingerprints of the files that it reads, by path.
        """
        self._path = folder / RECORD_FILENAME
        self._content = {
            "seed": config.training.seed,
            "data_seed": config.training.data_seed,
            "config": to_tree(config),
            "overrides": config.overrides,
            "data": data,
            "versions": versions(),
            "git": git_state(),
            "hardware": hardware(),
        }
        self._sessions: list[dict[str, Any]] = []

    def begin(
        self,
        resumed_from: Path | None,
        passed_over: tuple[str, ...],
        num_train_samples: int | None,
    ) -> None:
        """Records the start of a session.

        Args:
            resumed_from: The checkpoint it resumes from; None if it is a new run.
            passed_over: Why newer checkpoints were skipped.
            num_train_samples: The samples of the training data; None if it streams.
        """
        if resumed_from is not None:
            self._sessions = (read_record(self._path.parent) or {}).get("sessions", [])
        self._sessions = [
            *self._sessions,
            {
                "started": _now(),
                "command": sys.argv,
                "host": socket.gethostname(),
                "pid": os.getpid(),
                "resumed_from": None if resumed_from is None else resumed_from.name,
                "passed_over": list(passed_over),
                "num_train_samples": num_train_samples,
                "ended": None,
                "exit_reason": None,
            },
        ]
        self._write()

    def end(
        self,
        reason: str,
        step: int,
        metrics: dict[str, float],
        bad_samples: dict[str, Any] | None = None,
    ) -> None:
        """Records the end of a session, and the reason.

        Args:
            reason: `finished`, or what ended it early.
            step: Optimizer steps done.
            metrics: The metrics of the last evaluation.
            bad_samples: The skipped samples; None if none may be skipped.
        """
        self._sessions[-1] |= {
            "ended": _now(),
            "exit_reason": reason,
            "global_step": step,
            "metrics": metrics,
        }
        if bad_samples is not None:
            self._sessions[-1]["bad_samples"] = bad_samples
        self._write()

    def _write(self) -> None:
        content = {**self._content, "sessions": self._sessions}
        write_whole(self._path, json.dumps(content, indent=2, default=str) + "\n")


def read_record(folder: Path) -> dict[str, Any] | None:
    """Reads a run's record; returns None if it is missing or unreadable."""
    try:
        content = read_json(folder / RECORD_FILENAME, folder)
    except (FileNotFoundError, UnsafeFileError):
        return None
    sessions = content.get("sessions") if isinstance(content, dict) else None
    is_whole = isinstance(sessions, list) and all(isinstance(s, dict) for s in sessions)
    return content if is_whole else None


def finished_session(folder: Path, config: TrainingConfig) -> dict[str, Any] | None:
    """Returns the last session of a finished run; None if it is not finished.

    Args:
        folder: The output folder.
        config: The config; runs of another config do not count.
    """
    record = read_record(folder)
    if record is None or not record["sessions"]:
        return None
    last: dict[str, Any] = record["sessions"][-1]
    wanted = json.loads(json.dumps(to_tree(config), default=str))
    ran = as_read_now(record.get("config"))
    is_it = _what_ran(ran) == _what_ran(wanted)
    return last if is_it and last.get("exit_reason") == FINISHED else None


def _what_ran(config: Any) -> Any:
    """Returns a config without the flag for resuming."""
    try:
        training = {**config["training"], "try_resume_from_last_checkpoint": None}
        return {**config, "training": training}
    except (KeyError, TypeError):
        return None  # Not written by this module.


def versions() -> dict[str, str]:
    """Returns the versions of Python and of the packages that affect results."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    found["torch"] = torch.__version__  # Names the build, such as +cu130, as well.
    return found


def git_state() -> dict[str, Any] | None:
    """Returns the commit of the working folder, and whether it has changes.

    Returns:
        `commit` and `dirty`; None outside of a git repository.
    """

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()

    try:
        return {
            "commit": git("rev-parse", "HEAD"),
            "dirty": bool(git("status", "--porcelain")),
        }
    except (OSError, subprocess.SubprocessError):
        return None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
