"""Safetensors files, checked before a byte is allocated for what they say they hold.

The format (huggingface/safetensors, README "Format"): 8 bytes with the length of the
header, little-endian; the header, a JSON object of name to dtype, shape and the two
offsets of its bytes; and the bytes of the tensors, with no gap and no overlap.
"""

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from oumi_runtime.core.files import require_plain
from oumi_runtime.exceptions import UnsafeFileError

DTYPES: dict[str, torch.dtype] = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U64": torch.uint64,
    "U32": torch.uint32,
    "U16": torch.uint16,
    "U8": torch.uint8,
    "BOOL": torch.bool,
    "C64": torch.complex64,
}
_OTHER_FORMATS = {
    b"PK\x03\x04": "it is a zip archive, as torch.save writes",
    b"\x80": "it is a pickle",
    b"\x89HDF": "it is an HDF5 file",
    b"GGUF": "it is a GGUF file",
    b"version https://git-lfs": "it is a pointer of git-lfs, whose file is missing",
}
_HEADER_LIMIT_BYTES = 100_000_000
_SPARE_HEADER_BYTES = 2**20
_HEADER_BYTES_A_TENSOR = 256
_MAX_DIMENSIONS = 64


@dataclass(frozen=True)
class TensorEntry:
    """The dtype and shape of a tensor in a file."""

    dtype: torch.dtype
    shape: tuple[int, ...]

    @property
    def num_bytes(self) -> int:
        """The size in bytes."""
        return math.prod(self.shape) * self.dtype.itemsize


def check_tensor_file(path: Path, max_tensors: int) -> dict[str, TensorEntry]:
    """Reads the header of a safetensors file, and holds it to the file's size.

    Args:
        path: The file.
        max_tensors: The most tensors that it may hold.

    Returns:
        The tensors by name.

    Raises:
        FileNotFoundError: There is nothing.
        UnsafeFileError: It is not a safetensors file, whatever its name; a tensor lies
            beyond its end, over another one, or is not as large as its shape; there are
            more than may be.
    """
    size = require_plain(path, path.parent)
    header, data_bytes = _read_header(path, size, max_tensors)
    header.pop("__metadata__", None)
    if len(header) > max_tensors:
        raise UnsafeFileError(
            path, f"holds {len(header):,} tensors, where at most {max_tensors:,} can be"
        )
    entries: dict[str, TensorEntry] = {}
    ranges: list[tuple[int, int, str]] = []
    for name, described in header.items():
        entries[name], begin, end = _parse_entry(path, name, described)
        ranges.append((begin, end, name))
    position = 0
    for begin, end, name in sorted(ranges):
        if begin != position:
            what = "overlaps another tensor" if begin < position else "leaves a gap"
            raise UnsafeFileError(path, f"is damaged: {name!r} {what}")
        position = end
    if position != data_bytes:
        raise UnsafeFileError(
            path,
            f"is damaged: its header describes {position:,} bytes of tensors, but it "
            f"has {data_bytes:,}",
        )
    return entries


def _read_header(path: Path, size: int, max_tensors: int) -> tuple[dict[str, Any], int]:
    """Returns the parsed header, and the number of bytes after it."""
    with path.open("rb") as file:
        start = file.read(24)
        if len(start) < 8:
            raise UnsafeFileError(path, "is not a safetensors file: it is too short")
        length = struct.unpack("<Q", start[:8])[0]
        if length > size - 8:
            kind = _other_format(start) or (
                f"its header claims {length:,} bytes, but the file has {size:,}"
            )
            raise UnsafeFileError(path, f"is not a whole safetensors file: {kind}")
        allowed = _SPARE_HEADER_BYTES + _HEADER_BYTES_A_TENSOR * max_tensors
        if length > min(allowed, _HEADER_LIMIT_BYTES):
            raise UnsafeFileError(
                path,
                f"has a header of {length:,} bytes, too large for the "
                f"{max_tensors:,} tensors that there can be",
            )
        file.seek(8)
        text = file.read(length)
    try:
        header = json.loads(text, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        kind = _other_format(start) or f"its header is not JSON ({error})"
        raise UnsafeFileError(path, f"is not a safetensors file: {kind}") from error
    if not isinstance(header, dict):
        raise UnsafeFileError(
            path, "is not a safetensors file: its header is not an object"
        )
    return header, size - 8 - length


def _other_format(start: bytes) -> str | None:
    """Returns the format of a file that is not safetensors, by its first bytes."""
    found = (
        f for beginning, f in _OTHER_FORMATS.items() if start.startswith(beginning)
    )
    return next(found, None)


def _parse_entry(path: Path, name: str, described: Any) -> tuple[TensorEntry, int, int]:
    """Returns a tensor's dtype and shape, and where its bytes begin and end."""
    try:
        dtype = DTYPES[described["dtype"]]
        shape, (begin, end) = described["shape"], described["data_offsets"]
        whole = [*shape, begin, end]
        if any(type(number) is not int or number < 0 for number in whole):
            raise ValueError(whole)
        if len(shape) > _MAX_DIMENSIONS:
            raise ValueError(shape)
    except (LookupError, TypeError, ValueError) as error:
        raise UnsafeFileError(
            path, f"is damaged: it does not say what {name[:100]!r} is"
        ) from error
    # In Python's numbers, which do not overflow.
    needed = math.prod(shape) * dtype.itemsize
    if end - begin != needed:
        raise UnsafeFileError(
            path,
            f"is damaged: {name[:100]!r} of shape {_short(shape)} takes {needed:,} "
            f"bytes, and {end - begin:,} are given",
        )
    return TensorEntry(dtype, tuple(shape)), begin, end


def _short(shape: list[int]) -> str:
    return str(shape) if len(shape) <= 8 else f"{shape[:8]}..."


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a name is given twice")
    return made
