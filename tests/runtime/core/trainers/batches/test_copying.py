"""Batches are copied to a GPU one ahead; stand-ins note the order on its streams."""

import contextlib
from types import SimpleNamespace

import pytest
import torch

from oumi_runtime.core.trainers.batches.copying import copied

GPU = torch.device("cuda:0")


class Column:
    """A column of the main memory that notes what becomes of it."""

    def __init__(self, number: int, notes: list[str]) -> None:
        self.device = torch.device("cpu")
        self._number, self._notes = number, notes

    def is_pinned(self) -> bool:
        return False

    def pin_memory(self) -> "Column":
        self._notes.append(f"pin {self._number}")
        return self

    def to(self, device: torch.device, non_blocking: bool) -> "Column":
        assert non_blocking
        self._notes.append(f"copy {self._number}")
        return self

    def record_stream(self, stream: object) -> None:
        self._notes.append(f"keep {self._number}")


@pytest.fixture
def notes(monkeypatch) -> list[str]:
    notes: list[str] = []

    def record_event() -> int:
        number = sum(note.startswith("copy") for note in notes)
        notes.append(f"event {number}")
        return number

    side = SimpleNamespace(record_event=record_event)
    current = SimpleNamespace(wait_event=lambda n: notes.append(f"wait {n}"))
    monkeypatch.setattr(torch.cuda, "Stream", lambda device: side)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: current)
    monkeypatch.setattr(torch.cuda, "stream", lambda s: contextlib.nullcontext())
    return notes


def test_a_step_waits_for_its_batch_and_not_for_the_next(notes) -> None:
    batches = ({"ids": Column(number, notes)} for number in (1, 2, 3))
    for number, _ in enumerate(copied(batches, GPU), start=1):
        notes.append(f"step {number}")
    assert notes == [
        *("pin 1", "copy 1", "event 1", "pin 2", "copy 2", "event 2"),
        *("wait 1", "keep 1", "step 1", "pin 3", "copy 3", "event 3"),
        *("wait 2", "keep 2", "step 2", "wait 3", "keep 3", "step 3"),
    ]
