"""One run at a time in an output folder.

An operating system lock decides; it ends with the process, however that ends. The file
says who holds the lock; it decides only on file systems without locks.
"""

import contextlib
import errno
import fcntl
import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from oumi_runtime.core.files import why_unwritable
from oumi_runtime.core.log import logger
from oumi_runtime.exceptions import OutputFolderError, OutputInUseError

LOCK_FILENAME = ".lock"
_HELD_BY_ANOTHER = (errno.EACCES, errno.EAGAIN)
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL)
_LIMIT_BYTES = 4096
# System locks belong to the whole process, which may train in several threads.
_held_here: set[str] = set()


class OutputLock:
    """Locks an output folder for a block."""

    def __init__(self, folder: Path) -> None:
        """Prepares the lock; the folder is created on entering if it does not exist."""
        self._folder = folder
        self._path = folder / LOCK_FILENAME
        self._descriptor = -1
        self._made_folder = False

    def __enter__(self) -> "OutputLock":
        """Takes the lock, also from a run that has died.

        Raises:
            OutputInUseError: Another live run holds it.
            OutputFolderError: The folder cannot be written to.
        """
        # Unlike `resolve`, this takes links in a ring.
        key = os.path.realpath(self._folder)
        if key in _held_here:
            raise OutputInUseError(self._folder, "in this process")
        try:
            self._made_folder = not self._folder.exists()
            self._folder.mkdir(parents=True, exist_ok=True)
            self._descriptor = self._lock()
        except OSError as error:
            if isinstance(error, OutputFolderError):
                raise
            reason = why_unwritable(self._folder, error)
            raise OutputFolderError(self._folder, reason) from error
        _held_here.add(key)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Releases the lock; after an error, also removes a folder created here."""
        _held_here.discard(os.path.realpath(self._folder))
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
            if self._made_folder and error is not None:
                self._folder.rmdir()
        os.close(self._descriptor)

    def _lock(self) -> int:
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                self._lock_file(descriptor)
                if not self._is_current(descriptor):
                    # The previous holder has removed the file meanwhile.
                    os.close(descriptor)
                    continue
            except BaseException:
                os.close(descriptor)
                raise
            return descriptor

    def _lock_file(self, descriptor: int) -> None:
        holder = _read(descriptor)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _HELD_BY_ANOTHER:
                raise OutputInUseError(self._folder, _described(holder)) from None
            if error.errno not in _NO_LOCKS:
                raise
            if _may_be_alive(holder):
                raise OutputInUseError(
                    self._folder,
                    f"{_described(holder)}, as {self._path} says (delete that file if "
                    "it has ended)",
                ) from None
        if holder:
            logger.warning(
                "took over %s from a run that has died, %s",
                self._folder,
                _described(holder),
            )
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(_identity(), indent=1).encode(), 0)
        os.fsync(descriptor)

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(self._path.stat(), os.fstat(descriptor))
        except FileNotFoundError:
            return False


def _identity() -> dict[str, Any]:
    """Identifies this process, even from a later one with the same pid."""
    return {
        "host": socket.gethostname(),
        "boot": _boot(),
        "pid": os.getpid(),
        "process_started": _process_start(os.getpid()),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _may_be_alive(holder: dict[str, Any]) -> bool:
    """Whether the process named in the file may still be running."""
    if not holder:
        return False
    if holder.get("host") != socket.gethostname():
        return True
    if holder.get("boot") != _boot():
        return False
    pid = holder.get("pid")
    if not isinstance(pid, int):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return bool(holder.get("process_started") == _process_start(pid))


def _described(holder: dict[str, Any]) -> str:
    if not holder:
        return "which has not identified itself"
    facts = [holder.get(key, "?") for key in ("pid", "host", "since")]
    return "process {} on {} since {}".format(*facts)


def _read(descriptor: int) -> dict[str, Any]:
    try:
        content = json.loads(os.pread(descriptor, _LIMIT_BYTES, 0))
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _boot() -> str | None:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None


def _process_start(pid: int) -> str | None:
    """Returns the start time of a process in ticks since boot; None if unknown."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The second field is the program's name in parentheses, which may contain anything.
    return stat.rpartition(")")[2].split()[19]
