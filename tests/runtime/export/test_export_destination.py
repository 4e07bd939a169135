"""An export is there when it is complete, and what was there before until then."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from oumi_runtime.export.destination import DESCRIPTION_FILENAME, staged


def write(folder: Path, text: str) -> None:
    (folder / DESCRIPTION_FILENAME).write_text(text)


def interrupted(dest: Path, error: type[BaseException]) -> None:
    before = read(dest) if dest.exists() else None
    with staged(dest) as folder:
        write(folder, "half")
        assert (read(dest) if dest.exists() else None) == before
        raise error("no")


def read(folder: Path) -> str:
    return (folder / DESCRIPTION_FILENAME).read_text()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interrupted_export_leaves_nothing_not_even_new_folders(
    error: type[BaseException], tmp_path: Path
):
    with pytest.raises(error):
        interrupted(tmp_path / "a" / "b" / "dest", error)
    assert [*tmp_path.iterdir()] == []


def test_an_earlier_export_stays_until_the_new_one_is_complete(tmp_path: Path):
    dest = tmp_path / "dest"
    with staged(dest) as folder:
        write(folder, "first")
    with pytest.raises(ValueError, match="no"):
        interrupted(dest, ValueError)
    assert read(dest) == "first"
    with staged(dest) as folder:
        write(folder, "second")
    assert read(dest) == "second"
    assert [*tmp_path.iterdir()] == [dest]


def test_what_a_killed_export_left_is_undone_by_the_next(tmp_path: Path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    alive = tmp_path / f".exporting-{os.getppid()}-dest"
    other = tmp_path / f".exporting-{ended.pid}-dest2"
    for path in (
        alive,
        other,
        tmp_path / f".exporting-{ended.pid}-dest",
        tmp_path / f".replaced-{ended.pid}-dest",
    ):
        path.mkdir()
        write(path, path.name)
    with pytest.raises(FileNotFoundError), staged(tmp_path / "dest"):
        (tmp_path / "nothing").read_text()
    # The export that was being replaced when the process was killed.
    assert read(tmp_path / "dest") == f".replaced-{ended.pid}-dest"
    assert {*tmp_path.iterdir()} == {alive, other, tmp_path / "dest"}


def test_what_was_left_of_an_export_with_a_longer_name_is_kept(tmp_path: Path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = tmp_path / f".replaced-{ended.pid}-my-dest"
    left.mkdir()
    write(left, "of my-dest")
    with staged(tmp_path / "dest") as folder:
        write(folder, "new")
    assert read(left) == "of my-dest"
    with staged(tmp_path / "my-dest"):
        assert read(tmp_path / "my-dest") == "of my-dest"
