"""Detects changes to the data files during a run.

A check compares sizes and timestamps. Contents are compared only if these have changed,
since rewriting a file with the same content does not matter.
"""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from oumi_runtime.core.datasets.fingerprints import Fingerprints, fingerprint, stamp
from oumi_runtime.core.log import logger
from oumi_runtime.core.trainers.callbacks.base_callback import (
    TrainingCallback,
    TrainingState,
)
from oumi_runtime.exceptions import ChangedDataError, DataError

_SECONDS_BETWEEN = 30.0
_CHEAP_SECONDS = 0.01
_MOST_OF_THE_TIME = 0.01


class DataWatch(TrainingCallback):
    """Checks at the end of each epoch, before each checkpoint, and periodically.

    Checking a folder of a million files takes seconds. Such checks are skipped if they
    would take more than a hundredth of the time.
    """

    def __init__(
        self,
        fingerprints: Fingerprints,
        *,
        seconds_between: float = _SECONDS_BETWEEN,
    ) -> None:
        """Initializes the watch.

        Args:
            fingerprints: Those of the files that the run reads. A change of training
                data ends the run. The weights do not depend on data that is used only
                for evaluation, so a change of that is a warning.
            seconds_between: The maximum time between two checks during training.
        """
        self._fingerprints = fingerprints
        began = time.monotonic()
        self._stamps = {path: stamp(Path(path)) for path in fingerprints.all}
        self._changed: ChangedDataError | None = None
        self._seconds_between = seconds_between
        self._looked = time.monotonic()
        self._cost = self._looked - began

    def on_step_end(self, state: TrainingState) -> None:
        """Checks at the end of an epoch, or if the last check was long ago."""
        is_time = time.monotonic() - self._looked >= self._seconds_between
        if is_time or state.step_in_epoch % state.steps_per_epoch == 0:
            self._look_if_affordable()

    def on_save_begin(self, state: TrainingState) -> None:
        """Prevents a checkpoint if the data has changed."""
        self._look_if_affordable()

    def _look_if_affordable(self) -> None:
        since = time.monotonic() - self._looked
        if self._cost < _CHEAP_SECONDS or self._cost <= _MOST_OF_THE_TIME * since:
            self.look()

    def look(self, *, is_broken: bool = False) -> None:
        """Checks all files.

        Args:
            is_broken: Whether data could not be read, which makes a change of
                evaluation data an error too.

        Raises:
            ChangedDataError: A file has changed.
        """
        began = time.monotonic()
        for path, before in self._stamps.items():
            now = stamp(Path(path))
            if now == before:
                continue
            if not now or fingerprint(Path(path)) != self._fingerprints.all[path]:
                changed, *_ = min({*now} ^ {*before})
                error = ChangedDataError(changed, is_gone=not now)
                if path in self._fingerprints.train:
                    raise error
                self._changed = error
                logger.warning(
                    "%s was %s; later evaluations may not be comparable with earlier "
                    "ones",
                    changed,
                    "changed" if now else "deleted",
                )
            self._stamps[path] = now
        if is_broken and self._changed is not None:
            raise self._changed
        self._looked = time.monotonic()
        self._cost = self._looked - began

    @contextlib.contextmanager
    def explaining(self) -> Iterator[None]:
        """Turns read errors into ChangedDataError if the data has changed."""
        try:
            yield
        except ChangedDataError:
            raise
        except (DataError, OSError):
            self.look(is_broken=True)
            raise
