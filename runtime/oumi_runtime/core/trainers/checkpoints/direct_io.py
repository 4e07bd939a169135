"""New files, of which large ones are written past the page cache.

The cache would take a page of memory for each page of a checkpoint, in place of data
that training reads, and copying to new pages takes several times the processor time of
the write itself.
"""

import errno
import fcntl
import os
from pathlib import Path

BLOCK_BYTES = 4096
"""What direct writes are multiples of, in memory and on any usual disk."""

_LEAST_BYTES = 2**16
_DIRECT: int = getattr(os, "O_DIRECT", 0)  # Linux only.
_REFUSALS = (errno.EINVAL, errno.EOPNOTSUPP)


def write_new(path: Path, content: bytes | memoryview) -> int:
    """Creates a file and writes it.

    Args:
        path: The file, which must not exist.
        content: Its bytes; only where these begin at a multiple of `BLOCK_BYTES` in
            memory can they be written directly.

    Returns:
        The descriptor of the file, for the caller to sync and to close.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        view = memoryview(content)
        written = 0
        if len(view) >= _LEAST_BYTES:
            written = _write_directly(descriptor, view)
        while written < len(view):
            written += os.write(descriptor, view[written:])
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _write_directly(descriptor: int, view: memoryview) -> int:
    """Writes as many whole blocks as can be; returns how many bytes these are."""
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    end = len(view) - len(view) % BLOCK_BYTES
    written = 0
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | _DIRECT)
        while written < end:
            written += os.write(descriptor, view[written:end])
    except OSError as error:
        # The file system has no direct writes, or not from such memory.
        if error.errno not in _REFUSALS:
            raise
    finally:
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags)
    return written
