"""On a full disk the last good checkpoint stays; with room again, the run goes on.

A small file system of its own is used where it may be mounted.
"""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# The whole run takes some 250 KiB.
SIZES_KIB = tuple(range(16, 336, 16))
QUICK = (48, 160)


def mounted(folder: Path, size_kib: int, *options: str) -> bool:
    how = ",".join([f"size={size_kib}k", *options])
    command = ["mount", "-t", "tmpfs", "-o", how, "tmpfs", str(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture
def small_disk(project) -> Iterator[Callable[..., None]]:
    folder = project.folder / "disk"
    folder.mkdir()

    def resize(size_kib: int, *options: str) -> None:
        if not mounted(folder, size_kib, *options):
            pytest.skip("no file system may be mounted here")

    yield resize
    subprocess.run(["umount", str(folder)], capture_output=True, check=False)


@pytest.mark.parametrize(
    "size_kib",
    [
        pytest.param(size, marks=() if size in QUICK else pytest.mark.slow)
        for size in SIZES_KIB
    ],
)
def test_a_disk_that_fills_loses_nothing(
    project, untouched, small_disk, size_kib: int
) -> None:
    small_disk(size_kib)
    output = "disk/run"
    more = ("--training.save_total_limit", "null", "--training.logging_steps", "1")
    filled = project.train(output, *more)
    if filled.code == 0:
        assert size_kib > 128
        return
    assert filled.code == 1, filled.log
    said = re.search(
        r"error: not enough disk space to write \S+: it needs .* and ([\d,]+) are free",
        filled.log,
    )
    assert said is not None, filled.log
    hidden = [path.name for path in (project.folder / output).glob(".*")]
    assert hidden == []
    small_disk(10_000, "remount")
    ended = project.train(output, *more)
    assert ended.code == 0, ended.log
    assert "skipping a checkpoint" not in ended.log
    assert project.weights(output) == untouched().weights()


def test_a_folder_that_is_read_only_is_bad_input(project, small_disk) -> None:
    small_disk(1000, "ro")
    ended = project.train("disk/run")
    assert ended.code == 2
    assert "output_dir disk/run cannot be written to: Read-only" in ended.log


def test_a_folder_in_use_is_a_conflict(project) -> None:
    first = project.train("run", inject=("train_twice", ["run"]))
    assert first.code == 3, first.log
    assert "run is in use by another run, process" in first.log
