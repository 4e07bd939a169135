"""The checkpoints of an output folder: written atomically, and found again.

A checkpoint is a folder `checkpoint-STEP`. Its files are written to a hidden folder
next to it and synced, a manifest with their sizes and hashes is written last, and then
the folder is renamed. The content of the files is up to the trainers.
"""

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from oumi_runtime.core.files import (
    STAGED_PREFIX,
    free_bytes,
    is_disk_full,
    put_in_place,
    require_room,
)
from oumi_runtime.core.log import logger
from oumi_runtime.core.trainers.checkpoints.manifest import (
    CHECKPOINT_NAME,
    Manifest,
    seal,
    verify,
)
from oumi_runtime.core.trainers.checkpoints.retention import (
    DELETING_PREFIX,
    Retention,
    delete_surplus,
)
from oumi_runtime.core.trainers.checkpoints.snapshot import Snapshot
from oumi_runtime.core.trainers.checkpoints.verified_checkpoints import (
    VerifiedCheckpoints,
)
from oumi_runtime.exceptions import CheckpointError, DiskFullError

_REPLACED_PREFIX = ".replaced-"


@dataclass(frozen=True)
class Found:
    """The result of searching for the newest checkpoint."""

    path: Path | None
    """The newest valid checkpoint; None if there is none."""
    passed_over: tuple[str, ...] = ()
    """Why each newer checkpoint was skipped."""


class CheckpointStore:
    """The checkpoints of one output folder."""

    def __init__(
        self, output_dir: str | Path, retention: Retention | None = None
    ) -> None:
        """Initializes the store for a folder, which need not exist yet."""
        self.output_dir = Path(output_dir)
        self._retention = retention or Retention()
        self._known = VerifiedCheckpoints()

    def path_of(self, step: int) -> Path:
        """Returns the path of the checkpoint of a step."""
        return self.output_dir / f"checkpoint-{step}"

    def write(self, snapshot: Snapshot) -> Path:
        """Writes a checkpoint, then deletes those not to be kept.

        On failure nothing remains of it. A checkpoint of the same step is replaced.

        Returns:
            The checkpoint's folder.

        Raises:
            DiskFullError: The disk is full. Nothing has been deleted.
        """
        target = self.path_of(snapshot.step)
        needed = snapshot.num_bytes
        staging = self.output_dir / f"{STAGED_PREFIX}{os.getpid()}-{target.name}"
        try:
            _make_new(staging)
            require_room(target, needed)
            files = snapshot.write_to(staging)
            manifest = Manifest(snapshot.step, files, snapshot.metrics)
            seal(staging, manifest)
            aside = self.output_dir / f"{_REPLACED_PREFIX}{target.name}"
            put_in_place(staging, target, aside)
        except BaseException as error:
            shutil.rmtree(staging, ignore_errors=True)
            if is_disk_full(error) and not isinstance(error, DiskFullError):
                free = free_bytes(self.output_dir)
                raise DiskFullError(target, needed, free) from error
            raise
        self._known.add(target, manifest)
        self._delete_surplus()
        return target

    def whole(self) -> list[tuple[Path, Manifest]]:
        """Returns the checkpoints with a valid manifest, oldest first.

        The files listed in the manifests are not checked.
        """
        found = []
        for path in self._folders(with_links=False):
            try:
                found.append((path, self._known.manifest_of(path)))
            except CheckpointError:
                continue
        return found

    def find_latest(self) -> Found:
        """Searches for the newest valid checkpoint."""
        passed_over: list[str] = []
        for path in reversed(self._folders()):
            try:
                verify(path)
            except (CheckpointError, OSError) as error:
                passed_over.append(str(error))
            else:
                return Found(path, tuple(passed_over))
        return Found(None, tuple(passed_over))

    def latest(self) -> Path | None:
        """Returns the newest valid checkpoint; skipped ones are logged."""
        found = self.find_latest()
        for reason in found.passed_over:
            logger.warning("skipping a checkpoint: %s", reason)
        return found.path

    def clean(self) -> None:
        """Cleans up after a process that was killed while writing.

        No other process may be writing to the folder.
        """
        for path in self.output_dir.glob(f"{_REPLACED_PREFIX}*"):
            original = self.output_dir / path.name.removeprefix(_REPLACED_PREFIX)
            if original.exists():
                shutil.rmtree(path, ignore_errors=True)
            elif CHECKPOINT_NAME.fullmatch(original.name):
                path.rename(original)
        for pattern in (f"{STAGED_PREFIX}*", f"{DELETING_PREFIX}checkpoint-*"):
            for path in self.output_dir.glob(pattern):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)

    def _folders(self, *, with_links: bool = True) -> list[Path]:
        """Returns the folders named like a checkpoint, oldest first."""
        found: list[tuple[int, Path]] = []
        with contextlib.suppress(FileNotFoundError), os.scandir(self.output_dir) as it:
            for entry in it:
                match = CHECKPOINT_NAME.fullmatch(entry.name)
                if match and (with_links or not entry.is_symlink()):
                    found.append((int(match.group(1)), Path(entry.path)))
        return [path for _, path in sorted(found)]

    def _delete_surplus(self) -> None:
        if self._retention.keeps_all:
            return
        saved = self.whole()
        self._known.keep_only([path for path, _ in saved])
        is_whole = self._known.is_whole
        delete_surplus(self.output_dir, saved, self._retention, is_whole)


def _make_new(folder: Path) -> None:
    """Makes an empty folder, in place of one that an earlier error left."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        shutil.rmtree(folder)
        folder.mkdir()
