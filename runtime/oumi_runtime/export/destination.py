"""The folder of an export: there when it is complete, or not at all."""

import contextlib
import glob
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psutil

from oumi_runtime.core.files import free_bytes, is_disk_full, put_in_place, sync
from oumi_runtime.exceptions import (
    DiskFullError,
    ExportConflictError,
    ExportSourceError,
)

DESCRIPTION_FILENAME = "export.json"
_STAGED, _EARLIER = ".exporting-", ".replaced-"


def require_free(dest: Path, source: Path, *, force: bool) -> None:
    """Raises if a folder must not be replaced.

    Args:
        dest: The folder of the export.
        source: What is exported.
        force: Whether an earlier export may be replaced.

    Raises:
        ExportConflictError: Something is there. Even with `force`, only an earlier
            export is replaced.
        ExportSourceError: It is a place where an export cannot be.
    """
    target, run = dest.resolve(), source.resolve()
    if target == run or target in run.parents:
        raise ExportSourceError(f"{dest} is or holds what is exported; name another")
    if not dest.is_symlink() and not dest.exists():
        return
    if dest.is_symlink() or not dest.is_dir():
        raise ExportConflictError(dest, "is not a folder", "name another")
    if not any(dest.iterdir()):
        return
    if not (dest / DESCRIPTION_FILENAME).is_file():
        raise ExportConflictError(
            dest, "has files that are of no export", "name another folder"
        )
    if not force:
        raise ExportConflictError(
            dest, "holds an export", "name another folder, or pass --force"
        )


@contextmanager
def staged(dest: Path) -> Generator[Path]:
    """Yields a new folder, which becomes `dest` if the block ends without an error.

    Raises:
        DiskFullError: The disk is full; an earlier export is still there.
    """
    missing = [p for p in (dest.parent, *dest.parent.parents) if not p.exists()]
    dest.parent.mkdir(parents=True, exist_ok=True)
    _recover(dest)
    staging = dest.with_name(f"{_STAGED}{os.getpid()}-{dest.name}")
    try:
        staging.mkdir()
        yield staging
        for path in staging.rglob("*"):
            sync(path)
        earlier = dest.with_name(f"{_EARLIER}{os.getpid()}-{dest.name}")
        put_in_place(staging, dest, aside=earlier)
    except BaseException as error:
        shutil.rmtree(staging, ignore_errors=True)
        for folder in missing:
            with contextlib.suppress(OSError):
                folder.rmdir()
        if is_disk_full(error) and not isinstance(error, DiskFullError):
            raise DiskFullError(dest, None, free_bytes(dest.parent)) from error
        raise


def _recover(dest: Path) -> None:
    """Undoes what a process that was killed has left beside `dest`."""
    for prefix in (_STAGED, _EARLIER):
        for path in dest.parent.glob(f"{prefix}*-{glob.escape(dest.name)}"):
            pid = path.name.removeprefix(prefix).removesuffix(f"-{dest.name}")
            # Otherwise it is that of an export whose name ends like this one.
            if not pid.isdecimal() or _is_another(int(pid)):
                continue
            if prefix == _EARLIER and not dest.exists():
                path.rename(dest)
            shutil.rmtree(path, ignore_errors=True)


def _is_another(pid: int) -> bool:
    """Whether a number is that of another process that is running."""
    return pid != os.getpid() and psutil.pid_exists(pid)
