"""The manifest of a checkpoint: sizes and hashes of its files, and of itself.

It is written last, so a folder with a valid manifest has all its files. The hashes
detect damage, not tampering, for which XXH3 is as good as SHA-256 and far faster.
"""

import hashlib
import json
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import xxhash

from oumi_runtime.core.files import read_plain, sync
from oumi_runtime.core.trainers.checkpoints.direct_io import write_new
from oumi_runtime.exceptions import CheckpointError, UnsafeFileError

MANIFEST_FILENAME = "manifest.json"
CHECKPOINT_NAME = re.compile(r"checkpoint-(\d{1,15})")
_FORMAT = "oumi-scaffold checkpoint 3"
_LIMIT_BYTES = 2**20


@dataclass(frozen=True)
class FileRecord:
    """One file of a checkpoint."""

    bytes: int
    xxh128: str
    """XXH3 with 128 bits, in hexadecimal digits; see `digest`."""


@dataclass(frozen=True)
class Manifest:
    """The step, files and metrics of a checkpoint."""

    step: int
    """Optimizer steps done."""
    files: dict[str, FileRecord]
    """By name in the folder."""
    metrics: dict[str, float] = field(default_factory=dict)
    """The metrics of an evaluation at this step; empty if there was none."""

    def text(self) -> str:
        """Returns the text of the file, which ends with the hash of its content."""
        files = {name: vars(record) for name, record in self.files.items()}
        content = {
            "format": _FORMAT,
            "step": self.step,
            "files": files,
            "metrics": self.metrics,
        }
        text = json.dumps(content)
        return f'{text[:-1]}, "xxh128": "{digest(text.encode())}"}}\n'


def digest(content: bytes | memoryview) -> str:
    """Returns the hash of a file's content, as a `FileRecord` holds it."""
    return xxhash.xxh3_128_hexdigest(content)


def seal(folder: Path, manifest: Manifest) -> None:
    """Writes the manifest for files already on disk, and syncs their folder."""
    # Not written atomically: the folder does not have its final name yet.
    descriptor = write_new(folder / MANIFEST_FILENAME, manifest.text().encode())
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync(folder)


def read_manifest(folder: Path) -> Manifest:
    """Reads a manifest without checking the files it lists.

    Raises:
        CheckpointError: The manifest is missing or damaged.
    """
    path = folder / MANIFEST_FILENAME
    if not folder.is_dir():
        raise CheckpointError(f"there is no checkpoint at {folder}")
    try:
        text = read_plain(path, _LIMIT_BYTES, folder)
    except FileNotFoundError:
        raise CheckpointError(f"{folder} holds no {MANIFEST_FILENAME}") from None
    except UnsafeFileError as error:
        raise CheckpointError(str(error)) from error
    try:
        manifest = _parse(json.loads(text))
        if manifest.text().encode() == text:
            return manifest
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        pass
    raise CheckpointError(f"{path} is damaged: its content has changed")


def verify(folder: Path) -> Manifest:
    """Verifies that a checkpoint is complete and unchanged.

    Args:
        folder: The checkpoint's folder. It may have any name, but if the name gives a
            step, it must be the right one.

    Raises:
        CheckpointError: A file is missing, damaged, or does not belong to it.
    """
    manifest = read_manifest(folder)
    named = CHECKPOINT_NAME.fullmatch(folder.name)
    if named and int(named.group(1)) != manifest.step:
        raise CheckpointError(
            f"{folder} holds step {manifest.step}, which does not match its name"
        )
    for name, record in manifest.files.items():
        _verify_file(folder, name, record)
    return manifest


def _verify_file(folder: Path, name: str, record: FileRecord) -> None:
    path = folder / name
    try:
        found = path.lstat()
    except FileNotFoundError:
        raise CheckpointError(f"{folder} lacks {name}") from None
    if not stat.S_ISREG(found.st_mode):
        raise CheckpointError(f"{path} is a link or a device, not a file")
    if found.st_size != record.bytes:
        raise CheckpointError(
            f"{path} is damaged: it has {found.st_size:,} of {record.bytes:,} bytes"
        )
    if _hash(path) != record.xxh128:
        raise CheckpointError(f"{path} is damaged: its hash differs")


def _parse(content: dict[str, Any]) -> Manifest:
    files = {name: FileRecord(**record) for name, record in content["files"].items()}
    for name in files:
        if PurePosixPath(name).name != name or name in ("", ".", ".."):
            raise ValueError(name)
    if not isinstance(content["step"], int) or content["step"] < 0:
        raise ValueError(content["step"])
    metrics = content["metrics"]
    if not all(isinstance(value, int | float) for value in metrics.values()):
        raise TypeError(metrics)
    return Manifest(content["step"], files, metrics)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, xxhash.xxh3_128).hexdigest()
