"""The content of a checkpoint, copied so that training can continue.

Training waits only for the copy; `CheckpointStore` writes it to disk.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from oumi_runtime.core.trainers.checkpoints.direct_io import write_new
from oumi_runtime.core.trainers.checkpoints.manifest import FileRecord, digest

FileContent = bytes | memoryview


@dataclass(frozen=True)
class Snapshot:
    """The files of a checkpoint, not yet written."""

    step: int
    """Optimizer steps done."""
    files: dict[str, FileContent]
    """The bytes of each file, by name."""
    metrics: dict[str, float] = field(default_factory=dict)
    """The metrics of an evaluation at this step."""

    @property
    def num_bytes(self) -> int:
        """The total size of the files in bytes."""
        return sum(map(len, self.files.values()))

    def write_to(self, folder: Path) -> dict[str, FileRecord]:
        """Writes the files to an empty folder and syncs them.

        Returns:
            The size and hash of each file, by name.
        """
        records = {}
        descriptors: list[int] = []
        try:
            for name, content in sorted(self.files.items()):
                descriptors.append(write_new(folder / name, content))
                records[name] = FileRecord(len(content), digest(content))
            # Synced after all are written, so that the journal is written once.
            for descriptor in descriptors:
                os.fsync(descriptor)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return records
