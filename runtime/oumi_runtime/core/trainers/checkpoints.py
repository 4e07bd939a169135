"""Checkpoints on disk: written whole or not at all, and checked before they are used.

A checkpoint is a folder `checkpoint-STEP`. Its files are written to a hidden folder
beside it and synced, a manifest with their hashes is written last, and then the folder
gets its name. What the files hold is the trainers' matter.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from oumi_runtime.core.log import logger
from oumi_runtime.exceptions import CheckpointError

MANIFEST_FILENAME = "manifest.json"
_NAME = re.compile(r"checkpoint-(\d+)")


class CheckpointStore:
    """The checkpoints of one output folder."""

    def __init__(self, output_dir: str | Path) -> None:
        """Takes the folder; it need not exist yet."""
        self.output_dir = Path(output_dir)

    @contextlib.contextmanager
    def writing(self, step: int) -> Iterator[Path]:
        """Gives a folder to write to, which becomes the checkpoint when the block ends.

        If the block raises, nothing remains. A checkpoint of the same step is replaced.

        Args:
            step: Number of optimizer steps done.

        Yields:
            The folder to write the files to.
        """
        self.output_dir.mkdir(parents=True, exist_ok=True)
        target = self.output_dir / f"checkpoint-{step}"
        staging = Path(tempfile.mkdtemp(dir=self.output_dir, prefix=".saving-"))
        try:
            yield staging
            _seal(staging, step)
            if target.exists():
                target.rename(staging / ".replaced")
            staging.rename(target)
            _sync(self.output_dir)
            shutil.rmtree(target / ".replaced", ignore_errors=True)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise

    def latest(self) -> Path | None:
        """The newest checkpoint that is whole; those passed over are logged."""
        found = [
            (int(match.group(1)), path)
            for path in self.output_dir.glob("checkpoint-*")
            if (match := _NAME.fullmatch(path.name))
        ]
        for _, path in sorted(found, reverse=True):
            try:
                verify(path)
            except CheckpointError as error:
                logger.warning("passing over a checkpoint: %s", error)
            else:
                return path
        return None


def verify(path: Path) -> None:
    """Checks that a checkpoint is whole.

    Args:
        path: The checkpoint's folder.

    Raises:
        CheckpointError: A file is missing, damaged, or does not belong to it.
    """
    if not path.is_dir():
        raise CheckpointError(f"there is no checkpoint at {path}")
    try:
        text = (path / MANIFEST_FILENAME).read_text(encoding="utf-8")
        hashes: dict[str, str] = json.loads(text)["sha256"]
    except FileNotFoundError:
        raise CheckpointError(f"{path} holds no {MANIFEST_FILENAME}") from None
    except (ValueError, KeyError, TypeError):
        raise CheckpointError(f"{path / MANIFEST_FILENAME} is damaged") from None
    for name, expected in hashes.items():
        if not (path / name).is_file():
            raise CheckpointError(f"{path} lacks {name}")
        if _hash(path / name) != expected:
            raise CheckpointError(f"{path / name} is damaged: its hash differs")


def _seal(folder: Path, step: int) -> None:
    """Syncs the files and writes the manifest of their hashes."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    hashes = {file.relative_to(folder).as_posix(): _hash(file) for file in files}
    manifest = folder / MANIFEST_FILENAME
    text = json.dumps({"format": 1, "step": step, "sha256": hashes}, indent=1)
    manifest.write_text(text, encoding="utf-8")
    for path in (*files, manifest, folder):
        _sync(path)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    """Brings a file, or the entries of a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
