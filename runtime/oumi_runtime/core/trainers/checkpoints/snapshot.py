"""What a checkpoint is going to hold, copied out of a training that goes on.

Making one is all that a step waits for; writing it is `CheckpointStore`'s work.
"""

from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import save_file


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

    def write_to(self, folder: Path) -> None:
        """Writes the files to an empty folder."""
        for name, content in self.files.items():
            if isinstance(content, TensorFile):
                save_file(content.tensors, folder / name, content.metadata or None)
            else:
                (folder / name).write_bytes(content)
