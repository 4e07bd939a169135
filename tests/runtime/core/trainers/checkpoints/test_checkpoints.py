"""A checkpoint is whole, or it is not there."""

import logging
import os
from pathlib import Path

import pytest
from snapshots import DAMAGES, FILES, flip, names, snapshot, write

from oumi_runtime.core import files
from oumi_runtime.core.trainers.checkpoints import store as checkpoints_module
from oumi_runtime.core.trainers.checkpoints.manifest import (
    MANIFEST_FILENAME,
    read_manifest,
    verify,
)
from oumi_runtime.core.trainers.checkpoints.store import CheckpointStore
from oumi_runtime.exceptions import CheckpointError, DiskFullError

EVERY_FILE = (*FILES, MANIFEST_FILENAME)


def test_the_latest_is_the_one_of_the_most_steps(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    write(store, 9, 100, 20)
    assert store.latest() == tmp_path / "checkpoint-100"


def test_without_any_there_is_no_latest(tmp_path: Path) -> None:
    assert CheckpointStore(tmp_path / "missing").latest() is None


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (checkpoints_module.Snapshot, "write_to"),
        (checkpoints_module, "seal"),
        (files, "sync"),
    ],
)
def test_an_error_while_writing_leaves_nothing(
    tmp_path, monkeypatch, owner, name
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("unplugged")

    monkeypatch.setattr(owner, name, fail)
    with pytest.raises(RuntimeError, match="unplugged"):
        write(CheckpointStore(tmp_path), 3)
    assert names(tmp_path) <= {"checkpoint-3"}
    if name != "sync":
        assert names(tmp_path) == set()


def test_before_it_is_renamed_it_is_not_a_checkpoint(tmp_path, monkeypatch) -> None:
    store = CheckpointStore(tmp_path)
    rename = Path.rename

    def look_first(self: Path, target: Path) -> Path:
        assert store.latest() is None
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", look_first)
    write(store, 3)
    assert store.latest() == tmp_path / "checkpoint-3"


def test_the_same_step_is_replaced(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    write(store, 3, value=1.0)
    path = write(store, 3, value=2.0)
    verify(path)
    assert '"value": 2.0' in (path / "state.json").read_text()
    assert names(tmp_path) == {"checkpoint-3"}


def test_the_older_one_of_the_same_step_stays_where_replacing_fails(
    tmp_path, monkeypatch
) -> None:
    store = CheckpointStore(tmp_path)
    path = write(store, 3, value=1.0)
    rename = Path.rename

    def fail(self: Path, target: Path) -> Path:
        if self.name.startswith(".saving-"):
            raise OSError("no")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="no"):
        write(store, 3, value=2.0)
    verify(path)
    assert names(tmp_path) == {"checkpoint-3"}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", EVERY_FILE)
def test_a_damaged_one_is_passed_over_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, damage
) -> None:
    store = CheckpointStore(tmp_path)
    good = write(store, 1)
    damage(write(store, 2) / name)
    with caplog.at_level(logging.WARNING, "oumi_runtime"):
        assert store.latest() == good
    assert "checkpoint-2" in caplog.text
    assert name in caplog.text
    with pytest.raises(CheckpointError, match="checkpoint-2"):
        verify(tmp_path / "checkpoint-2")


@pytest.mark.parametrize("name", EVERY_FILE)
def test_no_bit_of_any_file_can_turn_unnoticed(tmp_path: Path, name: str) -> None:
    path = write(CheckpointStore(tmp_path), 1)
    num_bits = 8 * (path / name).stat().st_size
    silent = []
    for bit in range(num_bits):
        flip(path / name, bit)
        try:
            verify(path)
        except CheckpointError:
            pass
        else:
            silent.append(bit)
        flip(path / name, bit)
    verify(path)
    assert silent == []


@pytest.mark.parametrize("name", EVERY_FILE)
def test_a_file_of_another_step_is_noticed(tmp_path: Path, name: str) -> None:
    store = CheckpointStore(tmp_path)
    first = write(store, 1, value=1.0)
    second = write(store, 2, value=2.0)
    (second / name).write_bytes((first / name).read_bytes())
    assert store.latest() == first


def test_a_folder_with_another_step_s_name_is_noticed(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    write(store, 1).rename(tmp_path / "checkpoint-9")
    with pytest.raises(CheckpointError, match="holds step 1, which does not match"):
        verify(tmp_path / "checkpoint-9")
    (tmp_path / "checkpoint-9").rename(tmp_path / "kept")
    verify(tmp_path / "kept")


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
@pytest.mark.parametrize("name", EVERY_FILE)
def test_what_is_no_file_is_refused(tmp_path: Path, name: str, kind: str) -> None:
    path = write(CheckpointStore(tmp_path / "run"), 1)
    elsewhere = tmp_path / "elsewhere"
    (path / name).rename(elsewhere)
    if kind == "link":
        (path / name).symlink_to(elsewhere)
    elif kind == "pipe":
        os.mkfifo(path / name)
    else:
        (path / name).mkdir()
    with pytest.raises(CheckpointError, match=name):
        verify(path)


def test_a_missing_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint at"):
        verify(tmp_path / "checkpoint-7")


def test_an_evaluation_s_metrics_are_in_the_manifest(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    path = store.write(snapshot(4, eval_loss=0.5))
    assert read_manifest(path).metrics == {"eval_loss": 0.5}


def test_no_room_is_found_before_anything_is_written(tmp_path, monkeypatch) -> None:
    store = CheckpointStore(tmp_path)
    write(store, 1)
    monkeypatch.setattr("oumi_runtime.core.files.free_bytes", lambda folder: 100)
    with pytest.raises(DiskFullError, match=r"needs [\d,]+ bytes and 100 are free"):
        write(store, 2)
    assert names(tmp_path) == {"checkpoint-1"}


def test_what_a_killed_process_left_is_cleaned_up(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    write(store, 1, 2)
    (tmp_path / "checkpoint-2").rename(tmp_path / ".replaced-checkpoint-2")
    (tmp_path / ".saving-x1").mkdir()
    (tmp_path / ".saving-x1" / "model.safetensors").write_bytes(b"half")
    (tmp_path / ".saving-12-run.json").write_text("half")
    (tmp_path / ".deleting-checkpoint-0").mkdir()
    (tmp_path / ".deleting-mine").write_text("mine")
    assert store.latest() == tmp_path / "checkpoint-1"
    store.clean()
    assert names(tmp_path) == {"checkpoint-1", "checkpoint-2", ".deleting-mine"}
    assert store.latest() == tmp_path / "checkpoint-2"
