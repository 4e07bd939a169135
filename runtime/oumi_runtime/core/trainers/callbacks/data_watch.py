"""Notices that the files of the data are no longer those that the run began with.

A look costs a question for sizes and times. Only where these have changed are contents
compared, since a file that was copied over itself is still the same.
"""

import contextlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from oumi_runtime.core.datasets.fingerprints import fingerprint, stamp
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
    """Looks at the end of each epoch, before each checkpoint, and by the clock.

    A look at a folder of a million files takes seconds. Such looks are left out where
    they would take more than a hundredth of the time.
    """

    def __init__(
        self,
        fingerprints: Mapping[str, Any],
        *,
        evaluation: Mapping[str, Any] | None = None,
        seconds_between: float = _SECONDS_BETWEEN,
    ) -> None:
        """Takes what the files are.

        Args:
            fingerprints: What `fingerprint` says of each file or folder that is trained
                on, by path. The run ends where one of them changes.
            evaluation: The same of those that are evaluated on alone. The weights do
                not depend on them, so a change is a warning.
            seconds_between: The longest time without a look, while steps are made.
        """
        self._train = frozenset(fingerprints)
        self._fingerprints = {**fingerprints, **(evaluation or {})}
        began = time.monotonic()
        self._stamps = {path: stamp(Path(path)) for path in self._fingerprints}
        self._changed: ChangedDataError | None = None
        self._seconds_between = seconds_between
        self._looked = time.monotonic()
        self._cost = self._looked - began

    def on_step_end(self, state: TrainingState) -> None:
        """Looks at the end of an epoch, and when the last look is long ago."""
        is_time = time.monotonic() - self._looked >= self._seconds_between
        if is_time or state.step_in_epoch % state.steps_per_epoch == 0:
            self._look_if_affordable()

    def on_save_begin(self, state: TrainingState) -> None:
        """Keeps a checkpoint from being made with other data than the run's."""
        self._look_if_affordable()

    def _look_if_affordable(self) -> None:
        since = time.monotonic() - self._looked
        if self._cost < _CHEAP_SECONDS or self._cost <= _MOST_OF_THE_TIME * since:
            self.look()

    def look(self, *, is_broken: bool = False) -> None:
        """Compares the files with what they were.

        Args:
            is_broken: Whether data could not be read, so that a change of what is
                evaluated on is an error, too.

        Raises:
            ChangedDataError: One is another.
        """
        began = time.monotonic()
        for path, before in self._stamps.items():
            now = stamp(Path(path))
            if now == before:
                continue
            changed, *_ = sorted({*now} ^ {*before})
            if not now or fingerprint(Path(path)) != self._fingerprints[path]:
                error = ChangedDataError(changed[0], is_gone=not now)
                if path in self._train:
                    raise error
                self._changed = error
                logger.warning(
                    "%s was %s; evaluations from here on may not compare with those "
                    "before",
                    changed[0],
                    "changed" if now else "deleted",
                )
            self._stamps[path] = now
        if is_broken and self._changed is not None:
            raise self._changed
        self._looked = time.monotonic()
        self._cost = self._looked - began

    @contextlib.contextmanager
    def explaining(self) -> Iterator[None]:
        """Says of data that cannot be read that it has changed, where it has."""
        try:
            yield
        except ChangedDataError:
            raise
        except (DataError, OSError):
            self.look(is_broken=True)
            raise
