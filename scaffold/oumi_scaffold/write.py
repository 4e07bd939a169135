"""Carries a plan out: all of it, or none of it.

Every file is written to a temporary folder inside the project first, and moved into
place only when all are there. Whatever goes wrong, an interrupt included, what was done
is undone in reverse. A process that is killed outright may leave the temporary folder.
"""

import os
import shutil
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

from oumi_scaffold.exceptions import ConflictError, ScaffoldError, WriteError
from oumi_scaffold.plan import Plan, PlanEntry, Status, read_target

_STAGE_PREFIX = ".oumi-scaffold-"


def write(plan: Plan) -> None:
    """Writes the files of a plan, unless it is a dry run.

    Raises:
        ConflictError: A file stands in the way, or has changed since it was planned.
        WriteError: The disk refused. In both cases the project is as it was.
    """
    plan.raise_for_conflicts()
    entries = [e for e in plan.entries if e.status in (Status.CREATE, Status.UPDATE)]
    if plan.dry_run or not entries:
        return
    try:
        with ExitStack() as undo:
            _make_folder(plan.project, undo)
            _write_staged(plan.project, entries)
            undo.pop_all()
    except ScaffoldError:
        raise
    except OSError as error:
        path = str(error.filename2 or error.filename or plan.project)
        raise WriteError(path, error.strerror or str(error)) from error


def _write_staged(project: Path, entries: list[PlanEntry]) -> None:
    stage = Path(tempfile.mkdtemp(prefix=_STAGE_PREFIX, dir=project))
    try:
        staged = [_stage(stage / str(i), entry) for i, entry in enumerate(entries)]
        with ExitStack() as undo:
            for entry, file in zip(entries, staged, strict=True):
                _move_into_place(project, entry, file, undo)
            undo.pop_all()
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _move_into_place(
    project: Path, entry: PlanEntry, staged: Path, undo: ExitStack
) -> None:
    if read_target(project, entry.path) != entry.before:
        raise ConflictError([entry.path])
    target = project / entry.path
    _make_folder(target.parent, undo)
    if entry.status is Status.CREATE:
        _create(staged, target, undo)
    else:
        _replace(staged, target, undo)


def _stage(file: Path, entry: PlanEntry) -> Path:
    file.write_bytes(entry.after)
    return file


def _create(staged: Path, target: Path, undo: ExitStack) -> None:
    # The undo is registered first, so that no interrupt can fall in between; it
    # recognises our file by its inode, and leaves any other alone.
    undo.callback(_remove_if_same, target, _identity(staged))
    try:
        os.link(staged, target)  # unlike a rename, never replaces a file
    except FileExistsError:
        raise ConflictError([str(target)]) from None
    except OSError:  # a file system without hard links
        staged.rename(target)


def _replace(staged: Path, target: Path, undo: ExitStack) -> None:
    backup = staged.with_suffix(".before")
    shutil.copy2(target, backup)
    shutil.copymode(target, staged)
    undo.callback(_restore_if_same, backup, target, _identity(staged))
    staged.replace(target)


def _make_folder(folder: Path, undo: ExitStack) -> None:
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        undo.callback(_remove_if_empty, each)
        each.mkdir(exist_ok=True)


def _identity(file: Path) -> tuple[int, int]:
    status = file.lstat()
    return status.st_dev, status.st_ino


def _remove_if_same(target: Path, identity: tuple[int, int]) -> None:
    with suppress(FileNotFoundError):
        if _identity(target) == identity:
            target.unlink()


def _restore_if_same(backup: Path, target: Path, identity: tuple[int, int]) -> None:
    with suppress(FileNotFoundError):
        if _identity(target) == identity:
            backup.replace(target)


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
