"""Small checkpoints of any content, and ways to damage them."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import torch

from oumi_runtime.core.models.packed_tensors import pack_tensors
from oumi_runtime.core.trainers.checkpoints.snapshot import Snapshot
from oumi_runtime.core.trainers.checkpoints.store import CheckpointStore

FILES = ("model.safetensors", "state.json")


def snapshot(step: int, value: float = 0.0, **metrics: float) -> Snapshot:
    weights = pack_tensors({"weight": torch.full((3,), value)})
    state = json.dumps({"step": step, "value": value}).encode()
    return Snapshot(step, {FILES[0]: weights, FILES[1]: state}, metrics)


def write(store: CheckpointStore, *steps: int, value: float = 0.0) -> Path:
    """Writes a checkpoint for each step; returns the last one's folder."""
    for step in steps:
        path = store.write(snapshot(step, value))
    return path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def delete(file: Path) -> None:
    file.unlink()


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def flip(file: Path, bit: int = 0) -> None:
    content = bytearray(file.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    file.write_bytes(bytes(content))


def later(file: Path) -> None:
    """Moves a file's time on by more than the tick of any clock."""
    found = file.stat()
    os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns + 10**9))


def append(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"\n")


DAMAGES: list[Callable[[Path], None]] = [delete, truncate, empty, flip, append]
