"""Files written whole or not at all, and read only where they are what they seem.

Imports neither torch nor the config. What the files hold is their readers' matter.
"""

import errno
import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any

from oumi_runtime.exceptions import DiskFullError, UnsafeFileError

STAGED_PREFIX = ".saving-"
JSON_LIMIT_BYTES = 32 * 2**20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SPARE_BYTES = 64 * 2**10  # for the entries of folders, which no file counts


def write_whole(path: Path, content: bytes | str) -> None:
    """Writes a file that is then on the disk whole, over an older one in one move.

    Args:
        path: The file; its folder must exist.
        content: Bytes, or text to be written as UTF-8.

    Raises:
        DiskFullError: There is no room; the older file is as it was.
    """
    data = content.encode() if isinstance(content, str) else content
    staged = path.with_name(f"{STAGED_PREFIX}{os.getpid()}-{path.name}")
    try:
        with staged.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        staged.replace(path)
    except BaseException as error:
        staged.unlink(missing_ok=True)
        if is_disk_full(error):
            raise DiskFullError(path, len(data), free_bytes(path.parent)) from error
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Brings a file, or the entries of a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def free_bytes(folder: Path) -> int:
    """The bytes that this user may still write to a folder's disk."""
    return shutil.disk_usage(folder).free


def require_room(path: Path, needed: int) -> None:
    """Raises DiskFullError where a folder's disk has less room than is needed.

    Args:
        path: What is about to be written, in a folder that exists.
        needed: Its bytes.
    """
    free = free_bytes(path.parent)
    if free < needed + _SPARE_BYTES:
        raise DiskFullError(path, needed, free)


def is_disk_full(error: BaseException) -> bool:
    """Whether an error says that there is no room: by number, or only in its text."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return True
    # safetensors gives the system's error as a text.
    return any(f"os error {number})" in str(error) for number in _FULL)


def read_plain(path: Path, limit: int, inside: Path | None = None) -> bytes:
    """Reads a file that is really one, and not too large.

    Args:
        path: The file.
        limit: The most bytes that it may have.
        inside: A folder that it must not lead out of, by a link.

    Raises:
        FileNotFoundError: There is nothing.
        UnsafeFileError: It is a folder, a device, a pipe, a link that leads away, or
            too large.
    """
    # A pipe would have to wait for somebody to write to it.
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnsafeFileError(path, f"cannot be opened: {reason}") from error
    try:
        _require_plain(path, os.fstat(descriptor), inside)
        with os.fdopen(os.dup(descriptor), "rb") as file:
            content = file.read(limit + 1)
    finally:
        os.close(descriptor)
    if len(content) > limit:
        raise UnsafeFileError(path, f"is larger than the {limit:,} bytes it may have")
    return content


def require_plain(path: Path, inside: Path | None = None) -> int:
    """Checks that a file is really one, as `read_plain` does; returns its bytes."""
    try:
        found = path.stat()
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnsafeFileError(path, f"cannot be opened: {reason}") from error
    _require_plain(path, found, inside)
    return found.st_size


def read_json(path: Path, inside: Path | None = None) -> Any:
    """Reads a JSON file.

    Raises:
        FileNotFoundError: There is nothing.
        UnsafeFileError: It is not a regular file, is too large, or is not JSON.
    """
    content = read_plain(path, JSON_LIMIT_BYTES, inside)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UnsafeFileError(path, f"is not JSON: {error}") from error


def _require_plain(path: Path, found: os.stat_result, inside: Path | None) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise UnsafeFileError(path, f"is {_kind(found.st_mode)}, not a file")
    if inside is not None and path.is_symlink():
        target = path.resolve()
        if not target.is_relative_to(inside.resolve()):
            raise UnsafeFileError(
                path, f"is a link that leads out of the folder, to {target}"
            )


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
    }
    return kinds.get(stat.S_IFMT(mode), "a device")
