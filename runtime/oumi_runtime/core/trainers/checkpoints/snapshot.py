"""What a checkpoint is going to hold, copied out of a training that goes on.

Making one is all that a step waits for; writing it is `CheckpointStore`'s work.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch

from oumi_runtime.core.models.tensor_pieces import tensor_pieces
from oumi_runtime.core.trainers.checkpoints.manifest import FileRecord

_LARGE_BYTES = 2**21


@dataclass(frozen=True)
class TensorFile:
    """The content of a safetensors file: copies, on the CPU."""

    tensors: dict[str, torch.Tensor]
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def num_bytes(self) -> int:
        """Bytes of the tensors."""
        return sum(tensor.nbytes for tensor in self.tensors.values())


@dataclass(frozen=True)
class Snapshot:
    """The files of a checkpoint, not yet written."""

    step: int
    """Optimizer steps done."""
    files: dict[str, TensorFile | bytes]
    """By name: tensors, or the bytes of any other file."""
    metrics: dict[str, float] = field(default_factory=dict)
    """What the last evaluation found at this step."""

    @property
    def num_bytes(self) -> int:
        """Bytes that the files will have, but for headers."""
        return sum(
            content.num_bytes if isinstance(content, TensorFile) else len(content)
            for content in self.files.values()
        )

    def write_to(self, folder: Path) -> dict[str, FileRecord]:
        """Writes the files to an empty folder, and brings them to the disk.

        Returns:
            What they are, by name.
        """
        return {
            name: _write(folder / name, _pieces(content))
            for name, content in sorted(self.files.items())
        }


def _pieces(content: TensorFile | bytes) -> Iterable[bytes | memoryview]:
    if isinstance(content, bytes):
        return [content]
    return tensor_pieces(content.tensors, content.metadata)


def _write(path: Path, pieces: Iterable[bytes | memoryview]) -> FileRecord:
    digest = hashlib.sha256()
    with path.open("xb") as file:
        for piece in _together(pieces):
            file.write(piece)
            digest.update(piece)
        file.flush()
        os.fsync(file.fileno())
        return FileRecord(file.tell(), digest.hexdigest())


def _together(
    pieces: Iterable[bytes | memoryview],
) -> Iterator[bytes | memoryview]:
    """The same bytes in fewer pieces.

    Each piece that is written or hashed takes the interpreter from the training twice.
    """
    small: list[bytes | memoryview] = []
    size = 0
    for piece in pieces:
        if len(piece) < _LARGE_BYTES:
            small.append(piece)
            size += len(piece)
        if small and (size >= _LARGE_BYTES or len(piece) >= _LARGE_BYTES):
            yield b"".join(small)
            small, size = [], 0
        if len(piece) >= _LARGE_BYTES:
            yield piece
    if small:
        yield b"".join(small)
