"""A checkpoint is whole, or it is not there."""

import json
import logging
from pathlib import Path

import pytest

from oumi_runtime.core.trainers.checkpoints import CheckpointStore, verify
from oumi_runtime.exceptions import CheckpointError


def write(store: CheckpointStore, step: int, text: str = "weights") -> Path:
    with store.writing(step) as folder:
        (folder / "model.bin").write_text(text)
        (folder / "state.json").write_text(json.dumps({"step": step}))
    return store.output_dir / f"checkpoint-{step}"


def test_the_latest_is_the_one_of_the_most_steps(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    for step in (9, 100, 20):
        write(store, step)
    assert store.latest() == tmp_path / "checkpoint-100"


def test_without_any_there_is_no_latest(tmp_path: Path) -> None:
    assert CheckpointStore(tmp_path / "missing").latest() is None


def test_an_error_while_writing_leaves_nothing(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)

    def fill_the_disk() -> None:
        with store.writing(3) as folder:
            (folder / "model.bin").write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fill_the_disk()
    assert list(tmp_path.iterdir()) == []


def test_before_it_is_renamed_it_is_not_a_checkpoint(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    with store.writing(3) as folder:
        (folder / "model.bin").write_text("x")
        assert store.latest() is None
    assert store.latest() == tmp_path / "checkpoint-3"


def test_the_same_step_is_replaced(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    write(store, 3, "old")
    path = write(store, 3, "new")
    verify(path)
    assert (path / "model.bin").read_text() == "new"
    assert [each.name for each in tmp_path.iterdir()] == ["checkpoint-3"]


def damage_delete(file: Path) -> None:
    file.unlink()


def damage_truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def damage_flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[0] ^= 1
    file.write_bytes(bytes(content))


@pytest.mark.parametrize("damage", [damage_delete, damage_truncate, damage_flip])
@pytest.mark.parametrize("name", ["model.bin", "state.json", "manifest.json"])
def test_a_damaged_one_is_passed_over_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, damage: object
) -> None:
    store = CheckpointStore(tmp_path)
    good = write(store, 1)
    damage(write(store, 2) / name)
    with caplog.at_level(logging.WARNING, "oumi_runtime"):
        assert store.latest() == good
    assert "checkpoint-2" in caplog.text
    with pytest.raises(CheckpointError, match="checkpoint-2"):
        verify(tmp_path / "checkpoint-2")


def test_a_missing_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint at"):
        verify(tmp_path / "checkpoint-7")
