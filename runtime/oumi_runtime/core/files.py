"""Atomic writing of files and folders, and safe reading of files from others.

Imports neither torch nor the config.
"""

import contextlib
import errno
import json
import os
import shutil
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from oumi_runtime.exceptions import DiskFullError, UnsafeFileError

STAGED_PREFIX = ".saving-"
JSON_LIMIT_BYTES = 32 * 2**20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SPARE_BYTES = 64 * 2**10  # for directory entries


def write_whole(path: Path, content: bytes | str) -> None:
    """Writes and syncs a file atomically, replacing an older one.

    Args:
        path: The file; its folder must exist.
        content: Bytes, or text to be written as UTF-8.

    Raises:
        DiskFullError: The disk is full; an older file is left unchanged.
    """
    data = content.encode() if isinstance(content, str) else content
    with writing_whole(path, len(data)) as file:
        file.write(data)


@contextmanager
def writing_whole(path: Path, size: int | None = None) -> Generator[BinaryIO]:
    """Opens a file that takes its place when the block ends without an error.

    Args:
        path: The file; its folder must exist. Until then, an older one is unchanged.
        size: Its size in bytes, if known.

    Raises:
        DiskFullError: The disk is full.
    """
    staged = path.with_name(f"{STAGED_PREFIX}{os.getpid()}-{path.name}")
    try:
        with staged.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        staged.replace(path)
    except BaseException as error:
        staged.unlink(missing_ok=True)
        if is_disk_full(error):
            raise DiskFullError(path, size, free_bytes(path.parent)) from error
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Syncs a file, or the entries of a folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put_in_place(complete: Path, target: Path, aside: Path) -> None:
    """Renames a complete, synced folder to its place, replacing one that is there.

    Args:
        complete: The folder.
        target: Its place, in the same folder.
        aside: Where the one that is there goes meanwhile. If this process is killed in
            between, it is still there.
    """
    is_replacing = target.exists()
    if is_replacing:
        shutil.rmtree(aside, ignore_errors=True)
        target.rename(aside)
    try:
        complete.rename(target)
    except BaseException:
        if is_replacing:
            aside.rename(target)
        raise
    sync(target.parent)
    if is_replacing:
        shutil.rmtree(aside, ignore_errors=True)


def why_unwritable(folder: Path, error: OSError) -> str:
    """Returns what stands in the way of a folder, or else what the system says."""
    with contextlib.suppress(OSError):  # Where it may not be looked at.
        for path in (*reversed(folder.parents), folder):
            if path.is_symlink() and not path.is_dir():
                problem = "is not a folder" if path.exists() else "does not exist"
                return f"{path} is a link to {path.readlink()}, which {problem}"
            if path.exists() and not path.is_dir():
                return f"{path} is not a folder"
    return error.strerror or str(error)


def free_bytes(folder: Path) -> int:
    """Returns the free bytes on a folder's disk, as available to this user."""
    return shutil.disk_usage(folder).free


def require_room(path: Path, needed: int) -> None:
    """Raises DiskFullError if there is not enough space for a file.

    Args:
        path: The file about to be written, in an existing folder.
        needed: Its size in bytes.
    """
    free = free_bytes(path.parent)
    if free < needed + _SPARE_BYTES:
        raise DiskFullError(path, needed, free)


def is_disk_full(error: BaseException) -> bool:
    """Whether an error means that the disk is full."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return True
    # safetensors reports system errors only as text.
    return any(f"os error {number})" in str(error) for number in _FULL)


def read_plain(path: Path, limit: int, inside: Path | None = None) -> bytes:
    """Reads a regular file of limited size.

    Args:
        path: The file.
        limit: Its maximum size in bytes.
        inside: The folder that it must not leave through a symbolic link.

    Raises:
        FileNotFoundError: It does not exist.
        UnsafeFileError: It is a folder, a device, a pipe, a link out of the folder, or
            too large.
    """
    # Opening a pipe would otherwise block until somebody writes to it.
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
    """Checks that a file is regular, as `read_plain` does; returns its size."""
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
        FileNotFoundError: It does not exist.
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
