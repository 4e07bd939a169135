"""Writes checkpoints in a background thread."""

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
    """A background thread that writes snapshots in order.

    The thread ends after a while without snapshots, and restarts with the next one.
    """

    def __init__(
        self,
        write: Callable[[Snapshot], Path],
        *,
        max_pending_bytes: int = _PENDING_BYTES,
    ) -> None:
        """Initializes the writer.

        Args:
            write: Writes a snapshot, and returns its folder.
            max_pending_bytes: The memory that waiting snapshots may take. If the disk
                cannot keep up, the oldest waiting ones are dropped, but never the
                newest.
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
        """Queues a snapshot for writing; returns at once.

        Args:
            snapshot: The snapshot.
            tag: Any value for `written` to return with the folder.

        Raises:
            BaseException: The error of an earlier write.
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
        """Returns the folders, each with its tag, written since the last call."""
        done = []
        while self._written:
            done.append(self._written.popleft())
        return done

    def check(self) -> None:
        """Raises the error of a failed write, once."""
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def wait(self) -> None:
        """Waits until all submitted snapshots are on disk.

        Raises:
            BaseException: The error of a failed write.
        """
        with self._changed:
            while self._is_writing or self._pending:
                # With a timeout, so that a second signal is handled.
                self._changed.wait(timeout=0.1)
        self.check()

    def _thin_out(self) -> None:
        while len(self._pending) > 1:
            if sum(s.num_bytes for s, _ in self._pending) <= self._max_pending_bytes:
                return
            dropped, _ = self._pending.popleft()
            logger.warning(
                "skipped the checkpoint of step %s: the disk is too slow for "
                "training.save_steps",
                dropped.step,
            )

    def _run(self) -> None:
        """Writes pending snapshots until there have been none for a while."""
        while True:
            with self._changed:
                if not self._changed.wait_for(lambda: self._pending, _IDLE_SECONDS):
                    self._thread = None
                    return
                snapshot, tag = self._pending.popleft()
                self._is_writing = True
            try:
                self._written.append((self._write(snapshot), tag))
            except BaseException as error:  # Raised again in the training thread.
                self._error = error
                self._pending.clear()
            finally:
                del snapshot
                with self._changed:
                    self._is_writing = False
                    self._changed.notify_all()
