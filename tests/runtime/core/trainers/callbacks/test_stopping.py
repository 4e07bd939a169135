"""What a signal that asks to stop does, and what only looks like a second one."""

import os
import signal

import pytest

from oumi_runtime.core.trainers.callbacks import TrainingState
from oumi_runtime.core.trainers.callbacks import stopping as module
from oumi_runtime.core.trainers.callbacks.stopping import Stopper, StopSignals


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        raise AssertionError("a clock that somebody can set")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture(autouse=True)
def deaf_to_sigterm():
    """What was there before has to be there again; here it does nothing."""
    before = signal.signal(signal.SIGTERM, lambda *_: heard.append("again"))
    heard.clear()
    yield
    signal.signal(signal.SIGTERM, before)


heard: list[str] = []


def send() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_the_second_signal_does_what_it_did_before(monkeypatch) -> None:
    monkeypatch.delenv("TORCHELASTIC_RUN_ID", raising=False)
    signals = StopSignals()
    with signals.listening():
        send()
        assert (signals.received, heard) == (signal.SIGTERM, [])
        send()
    assert heard == ["again"]


def test_the_second_signal_stops_also_what_was_deaf_to_it_before(monkeypatch) -> None:
    monkeypatch.delenv("TORCHELASTIC_RUN_ID", raising=False)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signals, sent = StopSignals(), []
    with signals.listening():
        send()
        monkeypatch.setattr(os, "kill", lambda *_: sent.append(heard_by()))
        signals._handle(signal.SIGTERM, None)
    assert sent == [signal.SIG_DFL]


def heard_by() -> object:
    return signal.getsignal(signal.SIGTERM)


def test_one_that_a_launcher_hands_on_is_no_second_one(monkeypatch, clock) -> None:
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    signals = StopSignals()
    with signals.listening():
        send()
        clock.now += 2.0
        send()
        assert heard == []
        clock.now += 2.0
        send()
    assert heard == ["again"]


def test_a_signal_during_an_evaluation_is_obeyed_there() -> None:
    signals = StopSignals()
    stopper, state = Stopper(signals), TrainingState(10, 5)
    stopper.on_eval_batch(state)
    assert (state.requests.stop, state.requests.hurry) == (None, False)
    signals.received = signal.SIGTERM
    stopper.on_eval_batch(state)
    assert (state.requests.stop, state.requests.hurry) == ("SIGTERM", True)
    assert state.is_cut_short


def test_the_end_of_the_time_waits_for_an_evaluation(clock) -> None:
    stopper = Stopper(StopSignals(), max_minutes=2.0)
    state = TrainingState(10, 5)
    clock.now += 121
    stopper.on_eval_batch(state)
    assert state.requests.stop is None
    stopper.on_step_end(state)
    assert state.requests.stop == "the 2 minutes of training.max_minutes"
    assert (state.requests.save, state.requests.hurry) == (True, False)


def test_checkpoints_by_the_clock_count_from_the_last_one(clock) -> None:
    stopper, state = Stopper(StopSignals(), save_minutes=1.0), TrainingState(100, 100)
    saved = []
    for second in range(200):
        clock.now += 1
        state.requests.save = False
        stopper.on_step_end(state)
        if state.requests.save:
            saved.append(second + 1)
    assert saved == [60, 120, 180]
