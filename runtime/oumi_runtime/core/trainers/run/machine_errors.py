"""Turns errors about the machine into one-line errors of ours."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from oumi_runtime.core.distributed import get_rank, get_world_size
from oumi_runtime.core.files import free_bytes, is_disk_full
from oumi_runtime.core.lost_processes import (
    has_waited_in_vain,
    is_lost_process,
    silent_ranks,
)
from oumi_runtime.core.trainers.checkpoints.store import CheckpointStore
from oumi_runtime.exceptions import (
    DataWorkerError,
    DiskFullError,
    FailingDiskError,
    GpuIndexError,
    LostProcessError,
    OumiRuntimeError,
)

# Of a broken disk, one that was taken away, and a file server that is gone. Others may
# come from a mistake in the user's own code, which a traceback shows.
_FAILING = (errno.EIO, errno.ENODEV, errno.ENXIO, errno.EROFS, errno.ESTALE)


@contextlib.contextmanager
def plain_errors(output_dir: Path, *, is_training: bool = True) -> Iterator[None]:
    """Turns errors about disks, GPUs, data workers and lost processes into ours.

    Args:
        output_dir: The folder of the run.
        is_training: Whether the run can be resumed; false where its model is only used.

    Raises:
        DiskFullError: There was not enough disk space to write.
        FailingDiskError: A disk, or the connection to it, has failed.
        DataWorkerError: A process that reads data has died.
        LostProcessError: Another process that trains has ended, or hangs.
        GpuIndexError: The GPU was given a label or an id that is out of range.
    """
    try:
        yield
    except OumiRuntimeError:
        raise
    except OSError as error:
        path = Path(os.fsdecode(error.filename or output_dir))
        if error.errno in _FAILING:
            raise FailingDiskError(path, error.strerror or str(error)) from error
        if not is_disk_full(error):
            raise
        raise DiskFullError(path, None, free_bytes(output_dir)) from error
    except RuntimeError as error:
        if is_lost_process(error):
            latest = CheckpointStore(output_dir).latest()
            hanging = silent_ranks() if has_waited_in_vain(error) else None
            raise LostProcessError(
                get_rank(), get_world_size(), str(error), hanging, latest
            ) from error
        is_index = "device-side assert triggered" in str(error)
        # The message of torch's data loader about its workers.
        if not is_index and not str(error).startswith("DataLoader worker"):
            raise
        latest = CheckpointStore(output_dir).latest() if is_training else None
        if is_index:
            raise GpuIndexError(latest) from error
        reason = " ".join(str(error).split())
        raise DataWorkerError(reason, latest, is_training=is_training) from error
