"""The record of a run, `run.json`: enough to know what it was, and to run it again.

It is written whole when the run begins and when it ends. A process that is killed
leaves a session without an end.
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
from oumi_runtime.exceptions import UnsafeFileError

RECORD_FILENAME = "run.json"
FINISHED = "finished"
_PACKAGES = (
    *("oumi-scaffold", "torch", "transformers", "tokenizers", "numpy"),
    *("safetensors", "datasets", "pyarrow"),
)


class RunRecord:
    """What is known of a run, over all the times that it was started."""

    def __init__(self, folder: Path, config: TrainingConfig, data: Any) -> None:
        """Takes what is run.

        Args:
            folder: The output folder.
            config: The config as it runs.
            data: The fingerprints of the datasets.
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
            "hardware": _hardware(),
        }
        self._sessions: list[dict[str, Any]] = []

    def begin(self, resumed_from: Path | None, passed_over: tuple[str, ...]) -> None:
        """Writes that the run begins, or goes on.

        Args:
            resumed_from: The checkpoint that it goes on from; None from the start.
            passed_over: Why newer checkpoints were not taken.
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
        """Writes that the run has ended, and why.

        Args:
            reason: `finished`, or what ended it before.
            step: Optimizer steps done.
            metrics: The last evaluation's.
            bad_samples: What was left out; None where nothing may be.
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
    """Reads a run's record; None where there is none, or none that can be read."""
    try:
        content = read_json(folder / RECORD_FILENAME, folder)
    except (FileNotFoundError, UnsafeFileError):
        return None
    sessions = content.get("sessions") if isinstance(content, dict) else None
    is_whole = isinstance(sessions, list) and all(isinstance(s, dict) for s in sessions)
    return content if is_whole else None


def finished_session(folder: Path, config: TrainingConfig) -> dict[str, Any] | None:
    """The last session of a run that is finished; None where it is not.

    Args:
        folder: The output folder.
        config: What is to be run; a run of another config is not it.
    """
    record = read_record(folder)
    if record is None or not record["sessions"]:
        return None
    last: dict[str, Any] = record["sessions"][-1]
    wanted = json.loads(json.dumps(to_tree(config), default=str))
    is_it = _what_ran(record.get("config")) == _what_ran(wanted)
    return last if is_it and last.get("exit_reason") == FINISHED else None


def _what_ran(config: Any) -> Any:
    """A config but for whether it goes on, which the first run seldom says."""
    try:
        training = {**config["training"], "try_resume_from_last_checkpoint": None}
        return {**config, "training": training}
    except (KeyError, TypeError):
        return None  # It is not one that was written here.


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that a result depends on."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def git_state() -> dict[str, Any] | None:
    """The commit of the working folder and whether it was changed since.

    Returns:
        `commit` and `dirty`; None where git does not know the folder.
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


def _hardware() -> dict[str, Any]:
    gpus = range(torch.cuda.device_count())
    return {
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "gpus": [torch.cuda.get_device_name(gpu) for gpu in gpus],
    }
