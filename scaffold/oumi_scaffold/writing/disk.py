"""The file operations for carrying out a plan.

Each is atomic, or works on a file that nothing refers to yet.
"""

import os
import shutil
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_FEW = 64


def write_new(path: Path, content: bytes) -> None:
    """Writes a file that does not exist yet."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags, 0o666)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(handle, rest) :]
    finally:
        os.close(handle)


def copy_with_mode(source: Path, target: Path) -> None:
    """Copies a file with its mode and times."""
    write_new(target, source.read_bytes())
    status = source.stat()
    target.chmod(stat.S_IMODE(status.st_mode))
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))


def move_into_place(staged: Path, target: Path, *, replacing: bool) -> None:
    """Moves a file to its final path.

    Raises:
        FileExistsError: The path exists, and must not be replaced.
    """
    if replacing:
        staged.replace(target)
        return
    try:
        os.link(staged, target)  # unlike a rename, never replaces a file
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        staged.rename(target)
    else:
        staged.unlink()


def is_same_file(one: Path, other: Path) -> bool:
    """Whether two paths are links to one file."""
    with suppress(FileNotFoundError):
        first, second = os.lstat(one), os.lstat(other)
        return (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino)
    return False


def remove_if_empty(folder: Path) -> None:
    """Removes a folder if it is an empty folder."""
    with suppress(OSError):
        folder.rmdir()


def remove_if_unused(folder: Path) -> None:
    """Removes a folder that is empty, or holds nothing but Python's compiled files.

    Raises:
        OSError: The folder cannot be removed.
    """
    cache = folder / "__pycache__"
    is_alone = list(folder.iterdir()) == [cache] and cache.is_dir()
    if is_alone and all(path.suffix == ".pyc" for path in cache.iterdir()):
        remove_tree(cache)
    if not any(folder.iterdir()):
        folder.rmdir()


def remove_tree(folder: Path) -> None:
    """Removes a folder and its content, without following symbolic links."""
    if not folder.is_symlink() and folder.is_dir():
        shutil.rmtree(folder)


def sync(paths: Iterable[Path]) -> None:
    """Syncs files and folders to disk, so that they survive a power failure.

    If there are many, a single call syncs the whole system.
    """
    paths = list(paths)
    if len(paths) > _FEW:
        os.sync()
        return
    for path in paths:
        # Where a folder cannot be opened, the system has no such call either.
        with suppress(PermissionError):
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
