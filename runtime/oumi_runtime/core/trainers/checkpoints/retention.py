"""Decides which checkpoints to keep, and deletes the others."""

import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from oumi_runtime.core.log import logger
from oumi_runtime.core.trainers.checkpoints.manifest import MANIFEST_FILENAME, Manifest

DELETING_PREFIX = ".deleting-"


@dataclass(frozen=True)
class Retention:
    """How many checkpoints to keep, and which."""

    total_limit: int | None = None
    """The maximum number of checkpoints; None for no limit."""
    best: int = 0
    """How many of the best to keep, whatever their age."""
    metric: str = "eval_loss"
    """The metric to compare them by."""
    greater_is_better: bool = False

    @property
    def keeps_all(self) -> bool:
        """Whether no checkpoint is ever deleted."""
        return self.total_limit is None and self.best == 0

    def surplus(self, saved: Sequence[tuple[Path, Manifest]]) -> list[Path]:
        """Returns the checkpoints to delete.

        Args:
            saved: The checkpoints, oldest first. The newest is always kept.
        """
        if self.keeps_all:
            return []
        newest_first = [path for path, _ in reversed(saved)]
        kept = [*newest_first[:1], *self._best(saved)]
        if self.total_limit is not None:
            # The best give way where the limit has no room for all of them.
            kept = [*dict.fromkeys([*kept, *newest_first])][: self.total_limit]
        return [path for path in reversed(newest_first) if path not in kept]

    def _best(self, saved: Sequence[tuple[Path, Manifest]]) -> list[Path]:
        sign = -1.0 if self.greater_is_better else 1.0
        measured = [
            (sign * manifest.metrics[self.metric], path)
            for path, manifest in saved
            if math.isfinite(manifest.metrics.get(self.metric, math.nan))
        ]
        # Of equally good ones, prefer the newer.
        measured.reverse()
        return [path for _, path in sorted(measured, key=lambda m: m[0])[: self.best]]


def delete_surplus(
    output_dir: Path,
    saved: Sequence[tuple[Path, Manifest]],
    retention: Retention,
    is_whole: Callable[[Path], bool],
) -> None:
    """Deletes surplus checkpoints, unless no valid one would remain.

    Args:
        output_dir: The folder of the checkpoints.
        saved: The checkpoints that have a manifest, oldest first.
        retention: Which of them to keep.
        is_whole: Whether a checkpoint passes verification.
    """
    surplus = retention.surplus(saved)
    if not surplus:
        return
    staying = [path for path, _ in saved if path not in surplus]
    if not any(is_whole(path) for path in reversed(staying)):
        logger.warning(
            "kept %s beyond the limit: no newer checkpoint is valid", surplus[-1]
        )
        return
    manifests = dict(saved)
    for path in surplus:
        try:
            _delete_folder(output_dir, path, manifests[path])
        except OSError as error:
            logger.warning("cannot delete %s: %s", path, error.strerror)


def _delete_folder(output_dir: Path, path: Path, manifest: Manifest) -> None:
    """Deletes a checkpoint, renaming it first so that no half of one looks whole.

    This need not be on disk at once: what a power failure leaves fails verification.
    """
    doomed = output_dir / f"{DELETING_PREFIX}{path.name}"
    try:
        path.rename(doomed)
    except OSError:
        if not doomed.exists():
            raise
        shutil.rmtree(doomed)  # Left over from an earlier error.
        path.rename(doomed)
    try:
        for name in (MANIFEST_FILENAME, *manifest.files):
            (doomed / name).unlink()
        doomed.rmdir()
    except OSError:  # It contains another file, for example.
        shutil.rmtree(doomed, ignore_errors=True)
