"""What is deleted is ours, and never the last that is of use."""

from pathlib import Path

import pytest
from snapshots import flip, later, names, snapshot, write

from oumi_runtime.core.trainers.checkpoints.retention import Retention
from oumi_runtime.core.trainers.checkpoints.store import CheckpointStore


def steps(folder: Path) -> list[int]:
    return sorted(int(name.split("-")[1]) for name in names(folder))


@pytest.mark.parametrize("limit", [1, 2, 4])
def test_the_newest_are_kept(tmp_path: Path, limit: int) -> None:
    write(CheckpointStore(tmp_path, Retention(limit)), *range(1, 6))
    assert steps(tmp_path) == list(range(6 - limit, 6))


def test_without_a_limit_all_are_kept(tmp_path: Path) -> None:
    write(CheckpointStore(tmp_path), *range(1, 6))
    assert steps(tmp_path) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("retention", "kept"),
    [
        (Retention(best=1), [3, 6]),
        (Retention(best=2), [2, 3, 6]),
        (Retention(best=1, greater_is_better=True), [4, 6]),
        (Retention(total_limit=3, best=1), [3, 5, 6]),
        (Retention(total_limit=2, best=5), [3, 6]),
        (Retention(total_limit=1, best=1), [6]),
        (Retention(best=1, metric="eval_accuracy"), [6]),
    ],
)
def test_the_best_stay_whatever_their_age(tmp_path, retention, kept) -> None:
    store = CheckpointStore(tmp_path, retention)
    for step, loss in enumerate([0.9, 0.3, 0.2, 0.95, float("nan"), 0.8], start=1):
        store.write(snapshot(step, eval_loss=loss))
    assert steps(tmp_path) == kept


def test_of_equal_ones_the_newer_stays(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path, Retention(best=1))
    for step in (1, 2, 3):
        store.write(snapshot(step, eval_loss=0.5))
    store.write(snapshot(4, eval_loss=0.9))
    assert steps(tmp_path) == [3, 4]


def test_the_last_that_verifies_is_never_deleted(tmp_path, monkeypatch, caplog) -> None:
    store = CheckpointStore(tmp_path, Retention(1))
    write(store, 1)
    original = CheckpointStore.whole

    def damage_the_newest(self: CheckpointStore):
        damaged = tmp_path / "checkpoint-2" / "model.safetensors"
        flip(damaged)
        later(damaged)
        return original(self)

    monkeypatch.setattr(CheckpointStore, "whole", damage_the_newest)
    write(store, 2)
    assert steps(tmp_path) == [1, 2]
    assert "no newer checkpoint is valid" in caplog.text
    assert store.latest() == tmp_path / "checkpoint-1"


def test_what_is_not_ours_or_is_damaged_is_never_deleted(tmp_path: Path) -> None:
    theirs = tmp_path / "checkpoint-1"
    theirs.mkdir()
    (theirs / "pytorch_model.bin").write_bytes(b"theirs")
    store = CheckpointStore(tmp_path, Retention(1))
    flip(write(store, 2) / "manifest.json")
    elsewhere = write(CheckpointStore(tmp_path / "elsewhere"), 3)
    (tmp_path / "checkpoint-3").symlink_to(elsewhere)
    write(store, 4, 5)
    kept = {"checkpoint-1", "checkpoint-2", "checkpoint-3", "checkpoint-5", "elsewhere"}
    assert names(tmp_path) == kept
    assert (theirs / "pytorch_model.bin").exists()
    assert elsewhere.exists()


def test_a_folder_that_cannot_be_deleted_does_not_stop_the_run(
    tmp_path, monkeypatch, caplog
) -> None:
    store = CheckpointStore(tmp_path, Retention(1))
    write(store, 1)
    rename = Path.rename

    def fail(self: Path, target: Path) -> Path:
        if target.name.startswith(".deleting-"):
            raise PermissionError(1, "Operation not permitted")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    write(store, 2)
    assert "cannot delete" in caplog.text
    assert steps(tmp_path) == [1, 2]
