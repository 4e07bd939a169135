"""A file that has changed has another fingerprint."""

from pathlib import Path

import pytest

from oumi_runtime.core.datasets import fingerprints
from oumi_runtime.core.datasets.fingerprints import fingerprint


def test_a_byte_more_or_another_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n1,2\n")
    first = fingerprint(path)
    assert (first["bytes"], first["files"]) == (8, 1)
    path.write_text("a,b\n1,3\n")
    assert fingerprint(path) != first
    path.write_text("a,b\n1,2\n")
    assert fingerprint(path) == first


@pytest.mark.parametrize("change", ["content", "name", "more"])
def test_a_folder_is_all_of_its_files(tmp_path: Path, change: str) -> None:
    folder = tmp_path / "data"
    (folder / "inner").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "inner" / "b.txt").write_text("b")
    first = fingerprint(folder)
    if change == "content":
        (folder / "inner" / "b.txt").write_text("c")
    elif change == "name":
        (folder / "inner" / "b.txt").rename(folder / "inner" / "c.txt")
    else:
        (folder / "c.txt").write_text("")
    assert fingerprint(folder) != first


def test_of_a_large_file_its_size_its_ends_and_pieces_between_count(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(fingerprints, "_WHOLE_BYTES", 2**16)
    path = tmp_path / "rows.bin"
    content = bytearray(2**20)
    path.write_bytes(content)
    first = fingerprint(path)
    for place in (0, 100, len(content) - 1):
        changed = bytearray(content)
        changed[place] = 1
        path.write_bytes(changed)
        assert fingerprint(path) != first
    path.write_bytes(content + b"\0")
    assert fingerprint(path) != first
