"""One run at a time in a project.

The lock is on the folder itself, so it leaves no file behind, and it ends with the
process, however that ends. On systems that cannot lock folders there is no lock.
"""

import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from oumi_scaffold.exceptions import BusyError

if sys.platform != "win32":
    import fcntl

TIMEOUT_S = 10.0
_PAUSE_S = 0.02


@contextmanager
def locked(folder: Path, timeout_s: float = TIMEOUT_S) -> Generator[None]:
    """Holds the lock of a folder, after waiting for another holder.

    Args:
        folder: An existing folder.
        timeout_s: How long to wait.

    Raises:
        BusyError: Another run held it for all of that time.
    """
    if sys.platform == "win32":
        yield
        return
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _wait(handle, folder, timeout_s)
        yield
    finally:
        os.close(handle)


def _wait(handle: int, folder: Path, timeout_s: float) -> None:
    end = time.monotonic() + timeout_s
    while sys.platform != "win32":
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= end:
                raise BusyError(str(folder)) from None
            time.sleep(_PAUSE_S)
        except OSError:  # some network file systems
            return
