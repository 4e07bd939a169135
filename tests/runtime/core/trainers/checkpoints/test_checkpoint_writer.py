"""Checkpoints are written beside the training; what goes wrong there is told."""

import threading
import time
from pathlib import Path

import pytest
from snapshots import snapshot

from oumi_runtime.core.trainers.checkpoints import writer as module
from oumi_runtime.core.trainers.checkpoints.writer import CheckpointWriter


class SlowDisk:
    """Writes when it is allowed to."""

    def __init__(self) -> None:
        self.allowed = threading.Event()
        self.begun = threading.Event()
        self.steps: list[int] = []

    def write(self, snapshot) -> Path:
        self.begun.set()
        assert self.allowed.wait(timeout=20)
        self.steps.append(snapshot.step)
        return Path(f"checkpoint-{snapshot.step}")


def test_submitting_does_not_wait_for_the_disk() -> None:
    disk = SlowDisk()
    writer = CheckpointWriter(disk.write)
    for step in (1, 2, 3):
        writer.submit(snapshot(step), tag=step)
    assert disk.steps == []
    assert writer.written() == []
    disk.allowed.set()
    writer.wait()
    assert disk.steps == [1, 2, 3]
    assert writer.written() == [(Path(f"checkpoint-{n}"), n) for n in (1, 2, 3)]
    assert writer.written() == []


def test_where_the_disk_cannot_keep_up_the_oldest_that_wait_are_left_out(caplog):
    disk = SlowDisk()
    limit = 2 * snapshot(1).num_bytes
    writer = CheckpointWriter(disk.write, max_pending_bytes=limit)
    writer.submit(snapshot(1))
    assert disk.begun.wait(timeout=20)
    for step in (2, 3, 4, 5):
        writer.submit(snapshot(step))
    disk.allowed.set()
    writer.wait()
    assert disk.steps == [1, 4, 5]
    assert "skipped the checkpoint of step 2" in caplog.text


def test_the_newest_is_never_left_out() -> None:
    disk = SlowDisk()
    writer = CheckpointWriter(disk.write, max_pending_bytes=0)
    writer.submit(snapshot(1))
    assert disk.begun.wait(timeout=20)
    writer.submit(snapshot(2))
    writer.submit(snapshot(3))
    disk.allowed.set()
    writer.wait()
    assert disk.steps == [1, 3]


@pytest.mark.parametrize("method", ["check", "wait", "submit"])
def test_an_error_of_the_disk_comes_with_the_next_call(method: str) -> None:
    def fail(snapshot) -> Path:
        raise OSError("disk on fire")

    writer = CheckpointWriter(fail)
    writer.submit(snapshot(1))
    while writer._error is None:
        time.sleep(0.001)
    arguments = [snapshot(2)] if method == "submit" else []
    with pytest.raises(OSError, match="disk on fire"):
        getattr(writer, method)(*arguments)
    writer.check()


def test_the_thread_ends_when_there_has_been_nothing_for_a_while(monkeypatch) -> None:
    monkeypatch.setattr(module, "_IDLE_SECONDS", 0.01)
    before = threading.active_count()
    writer = CheckpointWriter(lambda snapshot: Path("x"))
    for step in range(3):
        writer.submit(snapshot(step))
        writer.wait()
        while threading.active_count() > before:
            time.sleep(0.001)
    assert len(writer.written()) == 3


def test_one_thread_writes_what_comes_in_time() -> None:
    threads = set()

    def write(snapshot) -> Path:
        threads.add(threading.get_ident())
        return Path("x")

    writer = CheckpointWriter(write)
    for step in range(3):
        writer.submit(snapshot(step))
        writer.wait()
    assert len(threads) == 1
