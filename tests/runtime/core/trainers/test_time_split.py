"""The time of a training is split without waiting for the device."""

import time
from collections.abc import Iterator

import pytest
import torch

from oumi_runtime.core.trainers.time_split import TimeSplit


class FakeClock:
    """A device that needs a quarter of a second between any two of its events."""

    def __init__(self) -> None:
        self.now = 0
        self.num_made = self.num_waits = 0

    def make_event(self) -> "FakeEvent":
        self.num_made += 1
        return FakeEvent(self)


class FakeEvent:
    def __init__(self, clock: FakeClock) -> None:
        self.clock, self.at = clock, 0

    def record(self) -> None:
        self.clock.now += 250
        self.at = self.clock.now

    def synchronize(self) -> None:
        self.clock.num_waits += 1

    def elapsed_time(self, end_event: "FakeEvent") -> float:
        return end_event.at - self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Makes the host's clock show what is in the list."""
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    return now


def test_waiting_and_working_are_told_apart(clock: list[float]) -> None:
    def slow_steps() -> Iterator[int]:
        for number in range(3):
            clock[0] += 2.0
            yield number
        clock[0] += 100.0  # There is no next step: the epoch ends.

    split, seen = TimeSplit(), []
    for step in split.waiting(slow_steps()):
        with split:
            clock[0] += 3.0
        clock[0] += 5.0  # The loop's own work, such as logging.
        seen.append(step)
    assert seen == [0, 1, 2]
    assert split.metrics(30.0) == {"data_time_share": 0.2, "host_time_share": 0.3}
    assert split.metrics(30.0) == {"data_time_share": 0.0, "host_time_share": 0.0}


def test_the_source_of_steps_is_closed_with_the_loop() -> None:
    closed = []

    def steps() -> Iterator[int]:
        try:
            yield from range(5)
        finally:
            closed.append(True)

    for _ in TimeSplit().waiting(steps()):
        break
    assert closed == [True]


def test_the_device_is_asked_only_when_the_metrics_are_read() -> None:
    device = FakeClock()
    split = TimeSplit(device.make_event)
    for _ in range(4):
        with split:
            pass
    assert device.num_waits == 0
    assert split.metrics(10.0)["device_time_share"] == pytest.approx(0.1)
    assert device.num_waits == 1
    with split:
        pass
    assert split.metrics(10.0)["device_time_share"] == pytest.approx(0.025)
    assert device.num_made == 8
    assert split.metrics(10.0)["device_time_share"] == 0.0


def test_a_cpu_has_no_time_of_its_own() -> None:
    assert "device_time_share" not in TimeSplit.on(torch.device("cpu")).metrics(1.0)
