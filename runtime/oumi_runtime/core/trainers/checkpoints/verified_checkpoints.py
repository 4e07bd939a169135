"""Remembers which checkpoints were written or verified, to hash each only once.

A file counts as unchanged if its size, inode and both timestamps are.
"""

import contextlib
import os
from pathlib import Path

from oumi_runtime.core.trainers.checkpoints.manifest import (
    MANIFEST_FILENAME,
    Manifest,
    read_manifest,
    verify,
)
from oumi_runtime.exceptions import CheckpointError

_Stamp = tuple[int, int, int, int]


class VerifiedCheckpoints:
    """A cache of manifests and of whether checkpoints are whole."""

    def __init__(self) -> None:
        """Starts empty."""
        self._known: dict[Path, tuple[Manifest, list[_Stamp]]] = {}

    def add(self, path: Path, manifest: Manifest) -> None:
        """Adds a checkpoint that is whole."""
        self._known[path] = manifest, _stamps(path, manifest)

    def keep_only(self, paths: list[Path]) -> None:
        """Removes all other checkpoints."""
        self._known = {p: known for p, known in self._known.items() if p in paths}

    def manifest_of(self, path: Path) -> Manifest:
        """Returns a checkpoint's manifest, which is read again if it may have changed.

        Raises:
            CheckpointError: The manifest is missing or damaged.
        """
        known = self._known.get(path)
        if known is not None:
            manifest, (of_manifest, *_) = known
            with contextlib.suppress(OSError):
                if _stamp_of(path, MANIFEST_FILENAME) == of_manifest:
                    return manifest
        return read_manifest(path)

    def is_whole(self, path: Path) -> bool:
        """Whether a checkpoint passes verification."""
        if self._unchanged(path) is not None:
            return True
        try:
            self.add(path, verify(path))
        except (CheckpointError, OSError):
            return False
        return True

    def _unchanged(self, path: Path) -> Manifest | None:
        if path not in self._known:
            return None
        manifest, stamps = self._known[path]
        try:
            return manifest if _stamps(path, manifest) == stamps else None
        except OSError:
            return None


def _stamps(folder: Path, manifest: Manifest) -> list[_Stamp]:
    return [_stamp_of(folder, name) for name in (MANIFEST_FILENAME, *manifest.files)]


def _stamp_of(folder: Path, name: str) -> _Stamp:
    found = os.lstat(f"{folder}/{name}")
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
