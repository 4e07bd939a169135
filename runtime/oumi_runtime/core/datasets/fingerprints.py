"""Fingerprints of dataset files, to detect changes since a training started."""

import hashlib
import os
from pathlib import Path
from typing import Any, NamedTuple

_WHOLE_BYTES = 64 * 2**20
_NUM_PIECES = 64
_MAX_FILES = 10_000


class Fingerprints(NamedTuple):
    """Fingerprints of the files of a run, by path."""

    train: dict[str, Any]
    """Files of the training split; a run resumes only if these are unchanged."""
    evaluation: dict[str, Any]
    """Files of the validation split, except those of the training split."""

    @property
    def all(self) -> dict[str, Any]:
        """The files of both splits."""
        return {**self.train, **self.evaluation}


def fingerprint(path: Path) -> dict[str, Any]:
    """Fingerprints a file, or all files in a folder.

    Args:
        path: A file or folder.

    Returns:
        `bytes`, `files` and `sha256`. The hash covers names, sizes and contents; for
        files larger than 64 MiB, only 64 pieces of 1 MiB; for folders with more than
        10,000 files, only names and sizes.
    """
    files = _files(path)
    digest = hashlib.sha256()
    total = 0
    for file in files:
        size = file.stat().st_size
        total += size
        name = "" if file == path else file.relative_to(path).as_posix()
        digest.update(f"{name}\0{size}\0".encode(errors="surrogateescape"))
        if len(files) <= _MAX_FILES:
            _add_content(digest, file, size, _WHOLE_BYTES // len(files))
    return {"bytes": total, "files": len(files), "sha256": digest.hexdigest()}


def stamp(path: Path) -> list[tuple[str, int, int]]:
    """Returns the name, size and modification time of each file, which is cheap."""
    files = _files(path)
    found = [(str(file), file.stat()) for file in files[:_MAX_FILES]]
    return [(name, stat.st_size, stat.st_mtime_ns) for name, stat in found]


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(file for file in path.rglob("*") if file.is_file())


def _add_content(digest: Any, file: Path, size: int, whole_bytes: int) -> None:
    with file.open("rb") as opened:
        if size <= max(whole_bytes, 4096):
            digest.update(opened.read())
            return
        piece = max(4096, whole_bytes // _NUM_PIECES)
        for number in range(_NUM_PIECES):
            opened.seek((size - piece) * number // (_NUM_PIECES - 1), os.SEEK_SET)
            digest.update(opened.read(piece))
