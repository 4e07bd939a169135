"""A checkpoint is hashed once, and again where anything of it may have changed."""

from pathlib import Path

import pytest
from snapshots import DAMAGES, FILES, flip, later, write

from oumi_runtime.core.trainers.checkpoints import verified_checkpoints
from oumi_runtime.core.trainers.checkpoints.manifest import MANIFEST_FILENAME, verify
from oumi_runtime.core.trainers.checkpoints.retention import Retention
from oumi_runtime.core.trainers.checkpoints.store import CheckpointStore
from oumi_runtime.core.trainers.checkpoints.verified_checkpoints import (
    VerifiedCheckpoints,
)


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the checkpoints that were hashed."""
    names: list[str] = []

    def noted(path: Path):
        names.append(path.name)
        return verify(path)

    monkeypatch.setattr(verified_checkpoints, "verify", noted)
    return names


def test_what_this_process_wrote_is_not_read_again(tmp_path, verified) -> None:
    write(CheckpointStore(tmp_path, Retention(2)), 1, 2, 3, 4)
    assert verified == []
    assert {p.name for p in tmp_path.iterdir()} == {"checkpoint-3", "checkpoint-4"}


def test_what_another_process_wrote_is_hashed_once(tmp_path, verified) -> None:
    path = write(CheckpointStore(tmp_path), 1)
    known = VerifiedCheckpoints()
    assert [known.is_whole(path) for _ in range(3)] == [True] * 3
    assert verified == ["checkpoint-1"]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", [*FILES, MANIFEST_FILENAME])
def test_what_was_damaged_since_is_noticed(tmp_path, damage, name) -> None:
    path = write(CheckpointStore(tmp_path), 1)
    known = VerifiedCheckpoints()
    known.add(path, verify(path))
    damage(path / name)
    if (path / name).exists():
        later(path / name)
    assert not known.is_whole(path)


def test_one_that_has_another_ones_place_is_looked_at_anew(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    path = write(store, 1)
    known = VerifiedCheckpoints()
    known.add(path, verify(path))
    assert known.manifest_of(path) == verify(path)
    write(store, 1, value=1.0)
    assert known.manifest_of(path) == verify(path)


def test_what_is_deleted_is_forgotten(tmp_path, verified) -> None:
    path = write(CheckpointStore(tmp_path), 1)
    known = VerifiedCheckpoints()
    known.add(path, verify(path))
    known.keep_only([])
    flip(path / FILES[0])
    assert not known.is_whole(path)
    assert verified == ["checkpoint-1"]
