"""What a checkpoint is going to hold, copied out of a training that goes on.

Making one is all that a step waits for; writing it is `CheckpointStore`'s work.
"""

import hashlib
import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from oumi_runtime.core.trainers.checkpoints.manifest import FileRecord

FileContent = bytes | memoryview


@dataclass(frozen=True)
class Snapshot:
    """The files of a checkpoint, not yet written."""

    step: int
    """Optimizer steps done."""
    files: dict[str, FileContent]
    """By name: their bytes."""
    metrics: dict[str, float] = field(default_factory=dict)
    """What the last evaluation found at this step."""

    @property
    def num_bytes(self) -> int:
        """Bytes that the files will have."""
        return sum(map(len, self.files.values()))

    def write_to(self, folder: Path) -> dict[str, FileRecord]:
        """Writes the files to an empty folder, and brings them to the disk.

        Returns:
            What they are, by name.
        """
        records = {}
        with ExitStack() as opened:
            descriptors = []
            for name, content in sorted(self.files.items()):
                file = opened.enter_context((folder / name).open("xb"))
                file.write(content)
                file.flush()
                descriptors.append(file.fileno())
                digest = hashlib.sha256(content).hexdigest()
                records[name] = FileRecord(len(content), digest)
            # Once all is written, so that the disk's journal is written once.
            for descriptor in descriptors:
                os.fsync(descriptor)
        return records
