"""Ends a training in good order: on a signal, or when its time is over.

The running step is finished and a checkpoint saved, so that the run can go on from
there as if nothing had been.
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

from oumi_runtime.core.distributed import all_reduce_max
from oumi_runtime.core.trainers.callbacks import TrainingCallback, TrainingState

# The last is what job schedulers send ahead: sbatch --signal=USR1@120.
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
_TIME_IS_OVER = 1000


class StopSignals:
    """Notes the first signal that asks to stop; the second one stops at once."""

    def __init__(self) -> None:
        """Notes nothing yet."""
        self.received = 0
        """The signal's number; 0 for none."""
        self._received_at = 0.0
        self._previous: dict[int, Any] = {}
        self._pid = os.getpid()

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Listens in the block; what handled the signals before does so after it.

        Only the main thread of a program can listen.
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
            # A data loader's process. Ctrl-C reaches all of a terminal's processes, and
            # this one still has to serve the step that is being finished.
            if number != signal.SIGINT:
                os._exit(128 + number)
            return
        now = time.monotonic()
        if self.received and now - self._received_at < _echo_seconds():
            return
        if self.received:
            self._restore()
            # As it is with nohup, and SIGINT for what a script starts by `&`.
            if signal.getsignal(number) is signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
            os.kill(self._pid, number)
            return
        self.received, self._received_at = number, now
        name = signal.Signals(number).name
        # The log may be just what was interrupted.
        text = f"{name}: ending once all is saved; send it again to stop at once\n"
        os.write(2, text.encode())

    def _restore(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()


def _echo_seconds() -> float:
    """How long a second signal may be the first one, handed on by torchrun."""
    return 3.0 if "TORCHELASTIC_RUN_ID" in os.environ else 0.0


class Stopper(TrainingCallback):
    """Asks for checkpoints by the clock, and for the end when it has come."""

    def __init__(
        self,
        signals: StopSignals,
        *,
        save_minutes: float | None = None,
        max_minutes: float | None = None,
    ) -> None:
        """Takes what may end the training; its time counts from now.

        Args:
            signals: Where signals are noted.
            save_minutes: Minutes between checkpoints; None for none by the clock.
            max_minutes: Minutes that the training may take; None for any.
        """
        self.cause: str | None = None
        """What has ended the training, in words; None where it has not been ended."""
        self.signal = 0
        """The signal that has ended it; 0 for none."""
        self._signals = signals
        # A clock that nobody can set.
        self._saved = time.monotonic()
        self._save_seconds = math.inf if save_minutes is None else 60 * save_minutes
        self._end = math.inf if max_minutes is None else self._saved + 60 * max_minutes
        self._max_minutes = max_minutes

    def on_step_end(self, state: TrainingState) -> None:
        """Asks for what it is time for; all processes ask for the same."""
        now = time.monotonic()
        is_over = now >= self._end
        is_due = now - self._saved >= self._save_seconds
        mine = self._signals.received or (_TIME_IS_OVER if is_over else 0)
        stop, saves = all_reduce_max([mine, int(is_due)])
        if saves or stop:
            self._saved = now
            state.requests.save = True
        if stop == _TIME_IS_OVER:
            self.cause = f"the {self._max_minutes:g} minutes of training.max_minutes"
            state.requests.stop = self.cause
        elif stop:
            self._obey(stop, state)

    def on_eval_batch(self, state: TrainingState) -> None:
        """Has the evaluation end where a signal has come."""
        (stop,) = all_reduce_max([self._signals.received])
        if stop:
            self._obey(stop, state)

    def _obey(self, number: int, state: TrainingState) -> None:
        self.signal = number
        self.cause = signal.Signals(number).name
        state.requests.stop, state.requests.hurry = self.cause, True

    def has_cut_short(self, state: TrainingState) -> bool:
        """Whether the training has to be gone on with.

        After a signal nothing more is done, also where the last step is done.
        """
        is_done = state.global_step >= state.total_steps
        return self.cause is not None and (self.signal != 0 or not is_done)
