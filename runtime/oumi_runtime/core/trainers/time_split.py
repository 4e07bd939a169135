"""Where the time of a training goes: waiting for data, the host, the device.

Nothing here waits for the device: it notes the times itself, to be read with the log.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeVar

import torch

T = TypeVar("T")


class Event(Protocol):
    """A point in the work of a device, as torch.cuda.Event."""

    def record(self) -> None:
        """Has the device note when it gets here."""
        ...

    def synchronize(self) -> None:
        """Waits until the device got here."""
        ...

    def elapsed_time(self, end_event: Any) -> float:
        """The milliseconds from here to another event."""
        ...


class TimeSplit:
    """Adds up the seconds of the steps since they were last read.

    It is the context in which a step is made. The device's seconds are those between
    the begin and the end of each step's work there, its own waiting for the host
    included.
    """

    def __init__(self, make_event: Callable[[], Event] | None = None) -> None:
        """Takes what the device's time is noted by.

        Args:
            make_event: Makes an event; None where the device works while the host
                waits, so that its time is the host's.
        """
        self._make_event = make_event
        self._data_seconds = 0.0
        self._host_seconds = 0.0
        self._began = 0.0
        self._noted: list[tuple[Event, Event]] = []
        self._unused: list[tuple[Event, Event]] = []

    @classmethod
    def on(cls, device: torch.device) -> "TimeSplit":
        """The split for steps on a device."""
        return cls(_timed_event if device.type == "cuda" else None)

    def waiting(self, steps: Iterable[T]) -> Iterator[T]:
        """Yields the steps, and counts the time that each is waited for."""
        began = time.perf_counter()
        for step in steps:
            self._data_seconds += time.perf_counter() - began
            yield step
            began = time.perf_counter()

    def __enter__(self) -> None:
        """A step is made from now on."""
        if self._make_event is not None:
            self._noted.append(self._events(self._make_event))
            self._noted[-1][0].record()
        self._began = time.perf_counter()

    def __exit__(self, *error: object) -> None:
        """The step is made, as far as the host is concerned."""
        self._host_seconds += time.perf_counter() - self._began
        if self._make_event is not None:
            self._noted[-1][1].record()

    def metrics(self, seconds: float) -> dict[str, float]:
        """The shares of the time since the last call.

        It waits for the device.

        Args:
            seconds: The time that was spent on training.

        Returns:
            `data_time_share`, in which the next batch was waited for, and
            `host_time_share`, in which Python made steps; and `device_time_share`,
            which overlaps both, where the device works beside the host.
        """
        metrics = {
            "data_time_share": self._data_seconds / seconds,
            "host_time_share": self._host_seconds / seconds,
        }
        if self._make_event is not None:
            metrics["device_time_share"] = self._device_seconds() / seconds
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
