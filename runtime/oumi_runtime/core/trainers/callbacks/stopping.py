"""Stops a training cleanly, on a signal or when its time is up.

The current step is finished and a checkpoint saved, so that resuming gives the same
result as an uninterrupted run.
"""

import contextlib
import math
import os
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

from oumi_runtime.core.distributed import is_world_process_zero
from oumi_runtime.core.trainers.callbacks import TrainingCallback, TrainingState

# Job schedulers send the last one as a warning: sbatch --signal=USR1@120.
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)


class StopSignals:
    """Records the first stop signal; the second one stops at once."""

    def __init__(self) -> None:
        """Starts without a signal."""
        self.received = 0
        """The signal's number; 0 for none."""
        self._received_at = 0.0
        self._previous: dict[int, Any] = {}
        self._pid = os.getpid()

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Handles stop signals in the block; restores the previous handlers after it.

        This works only in the main thread; elsewhere it does nothing.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        for number in _SIGNALS:
            self._previous[number] = signal.signal(number, self._handle)
        try:
            yield
        finally:
            self._restore()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._pid:
            # A data loader worker. Ctrl-C reaches all processes of the terminal, but
            # this one still has to serve the step being finished.
            if number != signal.SIGINT:
                os._exit(128 + number)
            return
        now = time.monotonic()
        if self.received and now - self._received_at < _echo_seconds():
            return
        if self.received:
            self._restore()
            # Ignored under nohup, and SIGINT in background jobs of a script.
            if signal.getsignal(number) is signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
            os.kill(self._pid, number)
            return
        self.received, self._received_at = number, now
        name = signal.Signals(number).name
        # Not logged: the signal may have interrupted the logger.
        text = f"{name}: saving before stopping; send it again to stop at once\n"
        os.write(2, text.encode())

    def _restore(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()


def _echo_seconds() -> float:
    """Returns how long a second signal counts as torchrun's copy of the first."""
    return 3.0 if "TORCHELASTIC_RUN_ID" in os.environ else 0.0


class Stopper(TrainingCallback):
    """Requests checkpoints by time, and a stop on a signal or a time limit.

    Each process has its signals; the clock is that of the first.
    """

    def __init__(
        self,
        signals: StopSignals,
        *,
        save_minutes: float | None = None,
        max_minutes: float | None = None,
    ) -> None:
        """Initializes the callback; its time counts from now.

        Args:
            signals: The recorded signals.
            save_minutes: Minutes between checkpoints; None for none by time.
            max_minutes: The time limit in minutes; None for no limit.
        """
        self._signals = signals
        # time.monotonic is not affected by changes to the system clock.
        self._saved = time.monotonic()
        self._save_seconds = math.inf if save_minutes is None else 60 * save_minutes
        self._end = math.inf if max_minutes is None else self._saved + 60 * max_minutes
        self._max_minutes = max_minutes

    def on_step_end(self, state: TrainingState) -> None:
        """Makes the requests that are due."""
        if is_world_process_zero():
            self._look_at_the_clock(state)
        if self._obey(state):
            state.requests.save = True

    def on_eval_batch(self, state: TrainingState) -> None:
        """Aborts the evaluation if there was a signal."""
        self._obey(state)

    def _look_at_the_clock(self, state: TrainingState) -> None:
        now, requests = time.monotonic(), state.requests
        is_over = now >= self._end
        if is_over or now - self._saved >= self._save_seconds:
            self._saved = now
            requests.save = True
        if is_over:
            requests.stop = f"the {self._max_minutes:g} minutes of training.max_minutes"
            requests.cuts_short = True

    def _obey(self, state: TrainingState) -> bool:
        number, requests = self._signals.received, state.requests
        if number:
            requests.stop = signal.Signals(number).name
            requests.hurry = requests.cuts_short = True
            requests.signal = number
        return number != 0
