"""A safetensors file is held to the format before anything is allocated for it."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from oumi_runtime.core.models.tensor_files import TensorEntry, check_tensor_file
from oumi_runtime.exceptions import UnsafeFileError

FLOAT = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def file_with(folder: Path, header: Any, data: bytes = b"", **more: Any) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path = folder / "model.safetensors"
    path.write_bytes(struct.pack("<Q", more.get("length", len(text))) + text + data)
    return path


def test_a_good_file_is_described(tmp_path: Path) -> None:
    tensors = {
        "weight": torch.zeros(2, 3, dtype=torch.bfloat16),
        "steps": torch.tensor(4),
        "nothing": torch.zeros(0, 5),
    }
    save_file(tensors, tmp_path / "model.safetensors", {"format": "pt"})
    assert check_tensor_file(tmp_path / "model.safetensors", 3) == {
        "weight": TensorEntry(torch.bfloat16, (2, 3)),
        "steps": TensorEntry(torch.int64, ()),
        "nothing": TensorEntry(torch.float32, (0, 5)),
    }


@pytest.mark.parametrize("num_names", [1, 2, 3, 5, 8, 13])
def test_every_length_of_header_is_read(tmp_path: Path, num_names: int) -> None:
    # Among them one whose first byte is a pickle's.
    for length in range(1, 130):
        names = {f"{n}{'x' * length}": torch.zeros(1) for n in range(num_names)}
        save_file(names, tmp_path / "model.safetensors")
        assert len(check_tensor_file(tmp_path / "model.safetensors", 20)) == num_names


@pytest.mark.parametrize(
    ("header", "data", "problem"),
    [
        ({"a": FLOAT}, bytes(7), "describes 8 bytes of tensors, but it has 7"),
        ({"a": FLOAT}, bytes(9), "describes 8 bytes of tensors, but it has 9"),
        ({"a": FLOAT, "b": FLOAT}, bytes(8), "'b' overlaps another tensor"),
        ({"a": {**FLOAT, "data_offsets": [4, 12]}}, bytes(12), "'a' leaves a gap"),
        ({"a": {**FLOAT, "data_offsets": [8, 0]}}, bytes(8), "takes 8 bytes, and -8"),
        ({"a": {**FLOAT, "shape": [10**12]}}, bytes(8), "takes 4,000,000,000,000"),
        ({"a": {**FLOAT, "shape": [2**62, 4]}}, bytes(8), "takes 73,786,976,294,838"),
        ({"a": {**FLOAT, "shape": [2**32, 2**32]}}, bytes(8), "takes 73,786,976,29"),
        ({"a": {**FLOAT, "shape": [-2]}}, bytes(8), "does not say what 'a' is"),
        ({"a": {**FLOAT, "shape": [2.0]}}, bytes(8), "does not say what 'a' is"),
        ({"a": {**FLOAT, "shape": [True]}}, bytes(8), "does not say what 'a' is"),
        ({"a": {**FLOAT, "shape": [1] * 65}}, bytes(8), "does not say what 'a' is"),
        ({"a": {**FLOAT, "shape": "2"}}, bytes(8), "does not say what 'a' is"),
        ({"a": {**FLOAT, "dtype": "F33"}}, bytes(8), "does not say what 'a' is"),
        ({"a": {**FLOAT, "dtype": ["F32"]}}, bytes(8), "does not say what 'a' is"),
        ({"a": {"dtype": "F32"}}, bytes(8), "does not say what 'a' is"),
        ({"a": 1}, bytes(8), "does not say what 'a' is"),
        ([], b"", "its header is not an object"),
        (b"{", b"", "its header is not JSON"),
        (b"\xff\xfe", b"", "its header is not JSON"),
        (b"[" * 100_000, b"", "its header is not JSON"),
        (b'{"a": 1, "a": 2}', b"", "a name is given twice"),
    ],
)
def test_what_is_not_so_is_refused(tmp_path, header, data, problem) -> None:
    with pytest.raises(UnsafeFileError, match=problem):
        check_tensor_file(file_with(tmp_path, header, data), 10)


@pytest.mark.parametrize("length", [2**64 - 1, 2**63, 2**31, 100])
def test_a_header_longer_than_the_file_is_refused(tmp_path: Path, length: int) -> None:
    with pytest.raises(UnsafeFileError, match=f"{length:,} bytes, but the file has 10"):
        check_tensor_file(file_with(tmp_path, {}, length=length), 10)


def test_a_header_too_large_for_its_tensors_is_not_parsed(tmp_path: Path) -> None:
    header = {"__metadata__": {"x": "y" * 2**21}}
    with pytest.raises(UnsafeFileError, match="too large for the 10 tensors"):
        check_tensor_file(file_with(tmp_path, header), 10)


def test_more_tensors_than_there_can_be_are_refused(tmp_path: Path) -> None:
    empty = {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}
    header = {f"t{n}": empty for n in range(11)}
    with pytest.raises(UnsafeFileError, match="11 tensors, where at most 10"):
        check_tensor_file(file_with(tmp_path, header), 10)


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"PK\x03\x04" + bytes(99), "a zip archive"),
        (b"\x80\x05\x95" + bytes(4) + b"\x01" + bytes(99), "a pickle"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of git-lfs"),
        (b"GGUF\x03\x00\x00\x01" + bytes(99), "a GGUF file"),
    ],
)
def test_another_format_is_named(tmp_path: Path, start: bytes, kind: str) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(start)
    with pytest.raises(
        UnsafeFileError, match=f"is not a .*safetensors file: it is {kind}"
    ):
        check_tensor_file(path, 10)
