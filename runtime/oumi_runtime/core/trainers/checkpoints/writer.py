"""Writes checkpoints beside the training, so that a step waits for the copy alone."""

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from oumi_runtime.core.log import logger
from oumi_runtime.core.trainers.checkpoints.snapshot import Snapshot

_PENDING_BYTES = 2**30
_IDLE_SECONDS = 30.0


class CheckpointWriter:
    """A thread that writes snapshots one after the other, in order.

    It ends when there has been none for a while; the next one starts it again.
    """

    def __init__(
        self,
        write: Callable[[Snapshot], Path],
        *,
        max_pending_bytes: int = _PENDING_BYTES,
    ) -> None:
        """Takes what writes one.

        Args:
            write: Writes a snapshot, and returns the folder that it became.
            max_pending_bytes: Memory that snapshots may take while they wait. Where the
                disk cannot keep up, the oldest of those that wait are left out; the
                newest never is.
        """
        self._write = write
        self._max_pending_bytes = max_pending_bytes
        self._changed = threading.Condition()
        self._pending: deque[tuple[Snapshot, Any]] = deque()
        self._written: deque[tuple[Path, Any]] = deque()
        self._is_writing = False
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None

    def submit(self, snapshot: Snapshot, tag: Any = None) -> None:
        """Has a snapshot written; returns at once.

        Args:
            snapshot: What to write.
            tag: What `written` gives back beside the folder.

        Raises:
            BaseException: What an earlier one failed with.
        """
        self.check()
        with self._changed:
            self._pending.append((snapshot, tag))
            self._thin_out()
            self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="checkpoint-writer", daemon=True
                )
                self._thread.start()

    def written(self) -> list[tuple[Path, Any]]:
        """The folders, each with its tag, that became whole since the last call."""
        done = []
        while self._written:
            done.append(self._written.popleft())
        return done

    def check(self) -> None:
        """Raises what a write has failed with, once."""
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def wait(self) -> None:
        """Waits until all that was submitted is on the disk.

        Raises:
            BaseException: What a write failed with.
        """
        with self._changed:
            while self._is_writing or self._pending:
                # With a limit, so that a second signal is heard.
                self._changed.wait(timeout=0.1)
        self.check()

    def _thin_out(self) -> None:
        while len(self._pending) > 1:
            if sum(s.num_bytes for s, _ in self._pending) <= self._max_pending_bytes:
                return
            dropped, _ = self._pending.popleft()
            logger.warning(
                "left out the checkpoint of step %s: the disk is slower than "
                "training.save_steps asks for",
                dropped.step,
            )

    def _run(self) -> None:
        """Writes what is pending, until nothing has been for a while."""
        _run_after_others()
        while True:
            with self._changed:
                if not self._changed.wait_for(lambda: self._pending, _IDLE_SECONDS):
                    self._thread = None
                    return
                snapshot, tag = self._pending.popleft()
                self._is_writing = True
            try:
                self._written.append((self._write(snapshot), tag))
            except BaseException as error:  # Raised again where the training runs.
                self._error = error
                self._pending.clear()
            finally:
                del snapshot
                with self._changed:
                    self._is_writing = False
                    self._changed.notify_all()


def _run_after_others() -> None:
    """Keeps this thread from taking a core from a training that is using it.

    A thread that wakes up may otherwise interrupt one that runs, for milliseconds; and
    where a step is shared by threads, all of them wait for that one. See sched(7).
    """
    if hasattr(os, "sched_setscheduler"):  # Linux
        with contextlib.suppress(OSError):  # A sandbox may forbid it.
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
