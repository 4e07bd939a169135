"""A snapshot's files hold what it holds, and are known by size and hash."""

from pathlib import Path

import pytest
import torch
import xxhash
from safetensors.torch import load_file

from oumi_runtime.core.models.packed_tensors import pack_tensors
from oumi_runtime.core.trainers.checkpoints.snapshot import Snapshot


def test_what_is_written_is_what_was_copied(tmp_path: Path) -> None:
    tensors = {f"t{i}": torch.randn(size) for i, size in enumerate((3, 250, 0, 7))}
    files = {"weights": pack_tensors(tensors), "note": b"some text", "nothing": b""}
    snapshot = Snapshot(1, files)
    records = snapshot.write_to(tmp_path)
    read = load_file(tmp_path / "weights")
    assert read.keys() == tensors.keys()
    assert all(torch.equal(read[name], tensor) for name, tensor in tensors.items())
    assert (tmp_path / "note").read_bytes() == b"some text"
    assert records.keys() == files.keys()
    for name, record in records.items():
        content = (tmp_path / name).read_bytes()
        assert record.bytes == len(content)
        assert record.xxh128 == xxhash.xxh3_128(content).hexdigest()
    assert snapshot.num_bytes == sum(record.bytes for record in records.values())


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "note").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        Snapshot(1, {"note": b"new"}).write_to(tmp_path)
