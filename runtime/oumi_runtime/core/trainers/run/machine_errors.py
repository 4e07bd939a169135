"""Turns errors about the machine into one-line errors of ours."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from oumi_runtime.core.distributed import get_rank, get_world_size
from oumi_runtime.core.files import free_bytes, is_disk_full
from oumi_runtime.core.process_group import is_lost_process
from oumi_runtime.core.trainers.checkpoints.store import CheckpointStore
from oumi_runtime.exceptions import (
    DataWorkerError,
    DiskFullError,
    LostProcessError,
    OumiRuntimeError,
)


@contextlib.contextmanager
def plain_errors(output_dir: Path) -> Iterator[None]:
    """Turns errors about a full disk, dead data workers and lost processes into ours.

    Args:
        output_dir: The folder of the run.

    Raises:
        DiskFullError: There was not enough disk space to write.
        DataWorkerError: A process that reads data has died.
        LostProcessError: Another process that trains has ended, or hangs.
    """
    try:
        yield
    except OumiRuntimeError:
        raise
    except OSError as error:
        if not is_disk_full(error):
            raise
        path = Path(error.filename or output_dir)
        raise DiskFullError(path, None, free_bytes(output_dir)) from error
    except RuntimeError as error:
        if is_lost_process(error):
            latest = CheckpointStore(output_dir).latest()
            raise LostProcessError(
                get_rank(), get_world_size(), str(error), latest
            ) from error
        # The message of torch's data loader about its workers.
        if not str(error).startswith("DataLoader worker"):
            raise
        latest = CheckpointStore(output_dir).latest()
        raise DataWorkerError(" ".join(str(error).split()), latest) from error
