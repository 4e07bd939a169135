"""The checkpoints that this process has written or verified, so as to hash each once.

A file that nobody has touched since is what it was: size, number and both times say so.
"""

import os
from pathlib import Path

from oumi_runtime.core.trainers.checkpoints.manifest import (
    MANIFEST_FILENAME,
    Manifest,
    read_manifest,
    verify,
)
from oumi_runtime.exceptions import CheckpointError

_Stamp = tuple[tuple[int, int, int, int], ...]


class KnownWhole:
    """Says of checkpoints what their manifests say, and whether they are whole."""

    def __init__(self) -> None:
        """Knows none."""
        self._known: dict[Path, tuple[Manifest, _Stamp]] = {}

    def add(self, path: Path, manifest: Manifest) -> None:
        """Takes a checkpoint that is whole."""
        self._known[path] = manifest, _stamp(path, manifest)

    def keep_only(self, paths: list[Path]) -> None:
        """Forgets all but these."""
        self._known = {p: known for p, known in self._known.items() if p in paths}

    def manifest_of(self, path: Path) -> Manifest:
        """A checkpoint's manifest, read anew if anything of the checkpoint has changed.

        Raises:
            CheckpointError: There is none, or it is not as it was written.
        """
        return self._unchanged(path) or read_manifest(path)

    def is_whole(self, path: Path) -> bool:
        """Whether a checkpoint verifies."""
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
        manifest, stamp = self._known[path]
        try:
            return manifest if _stamp(path, manifest) == stamp else None
        except OSError:
            return None


def _stamp(folder: Path, manifest: Manifest) -> _Stamp:
    names = (MANIFEST_FILENAME, *manifest.files)
    found = [os.lstat(f"{folder}/{name}") for name in names]
    return tuple((s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for s in found)
