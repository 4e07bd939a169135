"""A snapshot's files hold what it holds, however they are cut to be written."""

import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from oumi_runtime.core.trainers.checkpoints import snapshot as module
from oumi_runtime.core.trainers.checkpoints.snapshot import Snapshot, TensorFile


@pytest.mark.parametrize("large", [1, 10, 100, 1000, 2**21])
def test_what_is_written_is_what_was_copied(tmp_path, monkeypatch, large) -> None:
    monkeypatch.setattr(module, "_LARGE_BYTES", large)
    sizes = (3, 1, 250, 4, 0, 30, 7, 1)
    tensors = {f"t{i}": torch.randn(size) for i, size in enumerate(sizes)}
    files = {"weights": TensorFile(tensors, {"format": "pt"}), "note": b"some text"}
    records = Snapshot(1, files).write_to(tmp_path)
    read = load_file(tmp_path / "weights")
    assert read.keys() == tensors.keys()
    assert all(torch.equal(read[name], tensor) for name, tensor in tensors.items())
    assert (tmp_path / "note").read_bytes() == b"some text"
    for name, record in records.items():
        content = (tmp_path / name).read_bytes()
        assert record.bytes == len(content)
        assert record.sha256 == hashlib.sha256(content).hexdigest()


def test_pieces_are_put_together_and_large_ones_are_not_copied(monkeypatch) -> None:
    monkeypatch.setattr(module, "_LARGE_BYTES", 10)
    large = memoryview(b"x" * 12)
    pieces = [b"ab", b"cd", large, b"e" * 9, b"f" * 9, b"g"]
    together = list(module._together(pieces))
    assert [bytes(piece) for piece in together] == [
        b"abcd",
        b"x" * 12,
        b"e" * 9 + b"f" * 9,
        b"g",
    ]
    assert together[1] is large


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "note").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        Snapshot(1, {"note": b"new"}).write_to(tmp_path)
