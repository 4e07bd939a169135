"""A file is there whole or not at all, and is read only where it is one."""

import errno
import os
from pathlib import Path

import pytest

from oumi_runtime.core import files
from oumi_runtime.exceptions import DiskFullError, UnsafeFileError


def test_a_file_is_replaced_in_one_move(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    files.write_whole(path, "old")
    with path.open() as before:
        files.write_whole(path, "new")
        assert before.read() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_where_the_disk_is_full_the_older_file_stays(tmp_path, monkeypatch) -> None:
    path = tmp_path / "run.json"
    files.write_whole(path, "old")

    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(DiskFullError, match=r"run\.json: it needs 3 bytes and [\d,]+"):
        files.write_whole(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_files_have_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("x")
    files.write_whole(tmp_path / "whole", "x")
    plain, whole = (tmp_path / name for name in ("plain", "whole"))
    assert whole.stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: path.mkdir(), "is a folder, not a file"),
        (os.mkfifo, "is a pipe, not a file"),
        (lambda path: path.symlink_to("/dev/zero"), "is a device, not a file"),
        (lambda path: path.symlink_to("/etc/passwd"), "a link that leads out"),
        (lambda path: path.symlink_to(path), "cannot be opened"),
        (lambda path: path.write_bytes(b"x" * 101), "larger than the 100 bytes"),
    ],
    ids=["folder", "pipe", "device", "link", "circle", "large"],
)
def test_what_is_no_plain_file_is_refused_at_once(tmp_path, make, problem) -> None:
    make(tmp_path / "config.json")
    with pytest.raises(UnsafeFileError, match=problem):
        files.read_plain(tmp_path / "config.json", 100, inside=tmp_path)


def test_a_link_within_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "blob").write_text("{}")
    (tmp_path / "config.json").symlink_to("blob")
    assert files.read_json(tmp_path / "config.json", tmp_path) == {}


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "1" * 5000, "\udcff"])
def test_what_is_not_json_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(UnsafeFileError, match=r"config\.json is not JSON"):
        files.read_json(path)


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.read_json(tmp_path / "config.json")
    with pytest.raises(FileNotFoundError):
        files.require_plain(tmp_path / "config.json")


def test_a_file_takes_its_place_when_it_is_whole(tmp_path: Path):
    path = tmp_path / "whole"
    path.write_text("old")

    def broken() -> None:
        with files.writing_whole(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken()
    assert path.read_text() == "old"
    with files.writing_whole(path) as file:
        file.write(b"n")
        assert path.read_text() == "old"
        file.write(b"ew")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]
