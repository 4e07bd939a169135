"""Files are written whole, past the page cache where the file system allows it."""

import errno
import fcntl
import os
from pathlib import Path

import pytest
import torch

from oumi_runtime.core.models.packed_tensors import pack_tensors
from oumi_runtime.core.trainers.checkpoints import direct_io
from oumi_runtime.core.trainers.checkpoints.direct_io import BLOCK_BYTES, write_new

LEAST = direct_io._LEAST_BYTES
SIZES = (0, 1, LEAST - 1, LEAST, LEAST + 1, LEAST + BLOCK_BYTES, 3 * LEAST - 7)


def content_of(size: int, misaligned_by: int = 0) -> memoryview:
    numbers = torch.arange(size + misaligned_by + BLOCK_BYTES) % 251
    memory = numbers.to(torch.uint8)
    begin = -memory.data_ptr() % BLOCK_BYTES + misaligned_by
    return memory[begin : begin + size].numpy().data


def written(path: Path, content: bytes | memoryview) -> bytes:
    descriptor = write_new(path, content)
    os.fsync(descriptor)
    os.close(descriptor)
    return path.read_bytes()


@pytest.fixture
def writes(monkeypatch) -> list[tuple[int, bool]]:
    """The size of each write, and whether it was direct."""
    seen = []
    original = os.write

    def noted(descriptor: int, data: memoryview) -> int:
        flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
        seen.append((len(data), bool(flags & direct_io._DIRECT)))
        return original(descriptor, data)

    monkeypatch.setattr(direct_io.os, "write", noted)
    return seen


def is_direct_here(folder: Path) -> bool:
    descriptor = os.open(folder / "tried", os.O_WRONLY | os.O_CREAT)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETFL, direct_io._DIRECT)
        os.write(descriptor, content_of(BLOCK_BYTES))
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return bool(direct_io._DIRECT)


@pytest.mark.parametrize("misaligned_by", [0, 1, 8])
@pytest.mark.parametrize("size", SIZES)
def test_every_byte_is_written(tmp_path, size, misaligned_by) -> None:
    content = content_of(size, misaligned_by)
    assert written(tmp_path / "file", content) == bytes(content)
    assert written(tmp_path / "bytes", bytes(content)) == bytes(content)


def test_the_whole_blocks_of_a_large_file_are_written_directly(
    tmp_path, writes
) -> None:
    if not is_direct_here(tmp_path):
        pytest.skip("this file system has no direct writes")
    writes.clear()
    written(tmp_path / "large", content_of(LEAST + 5))
    written(tmp_path / "small", content_of(LEAST - 1))
    assert writes == [(LEAST, True), (5, False), (LEAST - 1, False)]


def test_packed_tensors_can_be_written_directly(tmp_path, writes) -> None:
    if not is_direct_here(tmp_path):
        pytest.skip("this file system has no direct writes")
    for size in (LEAST, LEAST + 1000):
        writes.clear()
        content = pack_tensors({"weight": torch.rand(size)})
        assert written(tmp_path / str(size), content) == bytes(content)
        assert writes[0] == (len(content) // BLOCK_BYTES * BLOCK_BYTES, True)


@pytest.mark.parametrize("code", [errno.EINVAL, errno.EOPNOTSUPP])
@pytest.mark.parametrize("refusing", ["flag", "write"])
def test_a_file_system_without_direct_writes_is_written_as_usual(
    tmp_path, monkeypatch, refusing, code
) -> None:
    refused = []
    set_flags, write = fcntl.fcntl, os.write

    def refusing_fcntl(descriptor: int, command: int, flags: int = 0) -> int:
        if refusing == "flag" and flags & direct_io._DIRECT:
            refused.append("flag")
            raise OSError(code, os.strerror(code))
        return set_flags(descriptor, command, flags)

    def refusing_write(descriptor: int, data: memoryview) -> int:
        if set_flags(descriptor, fcntl.F_GETFL) & direct_io._DIRECT:
            refused.append("write")
            raise OSError(code, os.strerror(code))
        return write(descriptor, data)

    monkeypatch.setattr(direct_io.fcntl, "fcntl", refusing_fcntl)
    monkeypatch.setattr(direct_io.os, "write", refusing_write)
    content = content_of(2 * LEAST + 1)
    assert written(tmp_path / "file", content) == bytes(content)
    assert refused == [refusing]


def test_what_a_short_write_left_is_written_too(tmp_path, monkeypatch) -> None:
    write = os.write

    def short(descriptor: int, data: memoryview) -> int:
        return write(descriptor, data[: max(1, len(data) // 2)])

    monkeypatch.setattr(direct_io.os, "write", short)
    content = content_of(2 * LEAST + 1)
    assert written(tmp_path / "file", content) == bytes(content)


def test_a_full_disk_is_an_error_and_the_file_is_closed(tmp_path, monkeypatch) -> None:
    def full(descriptor: int, data: memoryview) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    opened: list[int] = []
    open_file = os.open

    def noted(*arguments: object) -> int:
        opened.append(open_file(*arguments))
        return opened[-1]

    monkeypatch.setattr(direct_io.os, "open", noted)
    monkeypatch.setattr(direct_io.os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        write_new(tmp_path / "file", content_of(2 * LEAST))
    (descriptor,) = opened
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_a_file_that_exists_is_not_replaced(tmp_path) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "file", b"other")
    assert (tmp_path / "file").read_text() == "kept"
