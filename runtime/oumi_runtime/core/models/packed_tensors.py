"""Tensors copied into the bytes of a safetensors file, in one pass.

The safetensors package writes the same, but wants the tensors copied to the CPU first,
each to memory of its own, and then copies all of them again.
"""

import json
import mmap
import struct
from collections.abc import Mapping
from functools import lru_cache
from itertools import groupby
from typing import Any

import torch

from oumi_runtime.core.models.tensor_files import DTYPES

# A GPU copies to pinned memory many times as fast, but torch never gives that back, and
# takes up to twice as much of it.
_MOST_PINNED_BYTES = 4 * 2**30
_Kind = tuple[str, torch.dtype, torch.Size]
_NAMES = {dtype: name for name, dtype in DTYPES.items()}


def pack_tensors(
    tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str] | None = None
) -> memoryview:
    """Copies tensors into the content of a safetensors file.

    Args:
        tensors: By name, of any device and strides; they may be changed afterwards.
        metadata: The metadata of the file; left out if empty.

    Returns:
        The file's bytes, which begin at a page of memory.

    Raises:
        ValueError: A tensor is of a dtype that the format does not have.
    """
    kinds = tuple((name, each.dtype, each.shape) for name, each in tensors.items())
    order, header = _layout(kinds, tuple((metadata or {}).items()))
    ordered = [tensors[name] for name in order]
    size = len(header) + sum(tensor.nbytes for tensor in ordered)
    gpus = {tensor.device for tensor in ordered if tensor.is_cuda}
    is_pinned = bool(gpus) and size <= _MOST_PINNED_BYTES
    packed = _aligned(size, is_pinned)
    content: memoryview = packed.numpy().data
    content[: len(header)] = header
    begin = len(header)
    for dtype, group in groupby(ordered, lambda tensor: tensor.dtype):
        sources = list(group)
        end = begin + sum(tensor.nbytes for tensor in sources)
        sizes = [tensor.numel() for tensor in sources]
        places = torch.split(packed[begin:end].view(dtype), sizes)
        with torch.no_grad():
            for place, tensor in zip(places, sources, strict=True):
                place.view(tensor.shape).copy_(tensor, non_blocking=is_pinned)
        begin = end
    for gpu in gpus:
        torch.cuda.current_stream(gpu).synchronize()
    return content


def _aligned(size: int, is_pinned: bool) -> torch.Tensor:
    """Returns bytes from the beginning of a page on, as direct writes need them."""
    roomy = torch.empty(size + mmap.PAGESIZE, dtype=torch.uint8, pin_memory=is_pinned)
    begin = -roomy.data_ptr() % mmap.PAGESIZE
    return roomy[begin : begin + size]


@lru_cache(maxsize=8)
def _layout(
    kinds: tuple[_Kind, ...], metadata: tuple[tuple[str, str], ...]
) -> tuple[list[str], bytes]:
    """Returns the order of the tensors in the file, and what comes before them.

    A run's checkpoints have the same, so that it is found once.
    """
    # The widest first, so that each begins at a multiple of its width.
    ordered = sorted(kinds, key=lambda kind: (-kind[1].itemsize, str(kind[1]), kind[0]))
    content: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for name, dtype, shape in ordered:
        if dtype not in _NAMES:
            raise ValueError(f"{name} is {dtype}, which safetensors cannot hold")
        begin, end = end, end + shape.numel() * dtype.itemsize
        content[name] = {
            "dtype": _NAMES[dtype],
            "shape": list(shape),
            "data_offsets": [begin, end],
        }
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    if end >= mmap.PAGESIZE and end % 8 == 0:
        # So that the file ends with a page, and all of it can be written directly.
        text += b" " * (-(8 + len(text) + end) % mmap.PAGESIZE)
    return [name for name, _, _ in ordered], struct.pack("<Q", len(text)) + text
