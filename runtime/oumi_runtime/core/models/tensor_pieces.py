"""The bytes of a safetensors file in pieces, to be written and hashed in one pass.

The safetensors package writes the same, but hands the bytes out only as a copy of all.
"""

import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any

import torch

from oumi_runtime.core.models.tensor_files import DTYPES

_NAMES = {dtype: name for name, dtype in DTYPES.items()}


def tensor_pieces(
    tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str]
) -> Iterator[bytes | memoryview]:
    """Yields a safetensors file piece by piece; the tensors' bytes are not copied.

    Args:
        tensors: Contiguous tensors on the CPU, by name.
        metadata: What the file says of itself; left out where empty.

    Raises:
        ValueError: A tensor is of a dtype that the format does not have.
    """
    # The widest first, so that each begins at a multiple of its width.
    ordered = sorted(tensors.items(), key=lambda item: (-item[1].itemsize, item[0]))
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for name, tensor in ordered:
        if tensor.dtype not in _NAMES:
            raise ValueError(f"{name} is {tensor.dtype}, which safetensors cannot hold")
        begin, end = end, end + tensor.nbytes
        header[name] = {
            "dtype": _NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [begin, end],
        }
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    yield struct.pack("<Q", len(text)) + text
    for _, tensor in ordered:
        if tensor.numel():
            yield tensor.reshape(-1).view(torch.uint8).numpy().data
