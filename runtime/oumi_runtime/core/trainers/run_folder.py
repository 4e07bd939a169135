"""The output folder of a run: its record, and making room for the next run."""

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.log import logger

CONFIG_FILENAME = "config.yaml"
METRICS_FILENAME = "metrics.jsonl"
RECORD_FILENAME = "run.json"
_RUN_FILES = (
    "checkpoint-*",
    CONFIG_FILENAME,
    METRICS_FILENAME,
    RECORD_FILENAME,
    "model.safetensors",
    "config.json",
    "tokenizer.json",
    "labels.json",
)


def move_earlier_run(output_dir: Path) -> None:
    """Moves what an earlier run left to `previous-N`, so that two runs never mix.

    Only files and folders that a run writes are moved.
    """
    earlier = [path for pattern in _RUN_FILES for path in output_dir.glob(pattern)]
    if not earlier:
        return
    number = 1
    while (output_dir / f"previous-{number}").exists():
        number += 1
    target = output_dir / f"previous-{number}"
    target.mkdir()
    for path in earlier:
        path.replace(target / path.name)
    logger.info("moved the earlier run in %s to %s", output_dir, target)


def write_record(output_dir: Path, config: TrainingConfig) -> None:
    """Writes the config as it runs, and `run.json`: versions, code, seed, hardware."""
    config.to_yaml(output_dir / CONFIG_FILENAME)
    record = {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": sys.argv,
        "seed": config.training.seed,
        "data_seed": config.training.data_seed,
        "versions": _versions(),
        "git": _git_state(),
        "hardware": _hardware(),
    }
    text = json.dumps(record, indent=2)
    (output_dir / RECORD_FILENAME).write_text(text + "\n", encoding="utf-8")


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for name in ("oumi-scaffold", "torch", "transformers", "tokenizers", "numpy"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def _hardware() -> dict[str, Any]:
    gpus = range(torch.cuda.device_count())
    return {
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "gpus": [torch.cuda.get_device_name(gpu) for gpu in gpus],
    }


def _git_state() -> dict[str, Any] | None:
    """The commit of the working folder and whether it was changed since."""

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
