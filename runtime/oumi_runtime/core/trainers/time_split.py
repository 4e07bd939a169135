"""Where training time goes: waiting for data, the host, the device.

Nothing here waits for the device: CUDA events record its times, which are read when
logging.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeVar

import torch

T = TypeVar("T")


class Event(Protocol):
    """A timestamp on the device, such as torch.cuda.Event."""

    def record(self) -> None:
        """Records the event in the device's current stream."""
        ...

    def synchronize(self) -> None:
        """Waits until the device has reached the event."""
        ...

    def elapsed_time(self, end_event: Any) -> float:
        """Returns the milliseconds from this event to another."""
        ...


class TimeSplit:
    """Sums up the time of the steps since it was last read.

    Steps run inside it as a context manager. Device time is measured from the start to
    the end of each step's work on the device, including its waiting for the host.
    """

    def __init__(self, make_event: Callable[[], Event] | None = None) -> None:
        """Initializes the sums.

        Args:
            make_event: Creates an event; None for devices that run synchronously with
                the host.
        """
        self._make_event = make_event
        self._data_seconds = 0.0
        self._host_seconds = 0.0
        self._began = 0.0
        self._noted: list[tuple[Event, Event]] = []
        self._unused: list[tuple[Event, Event]] = []

    @classmethod
    def on(cls, device: torch.device) -> "TimeSplit":
        """Creates the split for steps on a device."""
        return cls(_timed_event if device.type == "cuda" else None)

    def waiting(self, steps: Iterable[T]) -> Iterator[T]:
        """Yields the steps, and measures the time spent waiting for each."""
        began = time.perf_counter()
        for step in steps:
            self._data_seconds += time.perf_counter() - began
            yield step
            began = time.perf_counter()

    def __enter__(self) -> None:
        """Starts a step."""
        if self._make_event is not None:
            self._noted.append(self._events(self._make_event))
            self._noted[-1][0].record()
        self._began = time.perf_counter()

    def __exit__(self, *error: object) -> None:
        """Ends the step, as far as the host is concerned."""
        self._host_seconds += time.perf_counter() - self._began
        if self._make_event is not None:
            self._noted[-1][1].record()

    def metrics(self, seconds: float) -> dict[str, float]:
        """Returns the shares of the time since the last call.

        It waits for the device.

        Args:
            seconds: The time spent on training.

        Returns:
            `data_time_share`, spent waiting for the next batch; `host_time_share`,
            spent in Python running steps; and, for asynchronous devices,
            `device_time_share`, which overlaps with both.
        """
        metrics = {
            "data_time_share": self._data_seconds / seconds,
            "host_time_share": self._host_seconds / seconds,
        }
        if self._make_event is not None:
            # A step may still run when an evaluation, which is not counted, begins.
            metrics["device_time_share"] = min(1.0, self._device_seconds() / seconds)
        self._data_seconds = self._host_seconds = 0.0
        return metrics

    def _events(self, make_event: Callable[[], Event]) -> tuple[Event, Event]:
        return self._unused.pop() if self._unused else (make_event(), make_event())

    def _device_seconds(self) -> float:
        if self._noted:
            self._noted[-1][1].synchronize()
        milliseconds = sum(begin.elapsed_time(end) for begin, end in self._noted)
        self._unused += self._noted
        self._noted = []
        return milliseconds / 1000


def _timed_event() -> Event:
    event: Event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
    return event
