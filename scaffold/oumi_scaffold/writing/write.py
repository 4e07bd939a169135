"""Writes the files of a plan atomically: all of them or none.

Files are first written to a staging folder inside the project. A single rename then
commits the run, and after it files are only moved into place or deleted. An error
before or after is rolled back at once; if the process is killed, the next one completes
the run or rolls it back. A new project appears with a single rename.
"""

import os
import stat
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, count
from pathlib import Path

from oumi_scaffold.exceptions import (
    ConflictError,
    ScaffoldError,
    UnfinishedError,
    WriteError,
)
from oumi_scaffold.project.leftovers import BACKUP_PREFIX, FOLDER, NEW_PROJECT_PREFIX
from oumi_scaffold.project.paths import missing_folders, mode_of
from oumi_scaffold.writing import disk
from oumi_scaffold.writing.journal import DO, Journal, Step, Workplace, digest
from oumi_scaffold.writing.lock import locked
from oumi_scaffold.writing.plan import Plan, PlanEntry
from oumi_scaffold.writing.transaction import (
    carry_out,
    check_root,
    clean,
    recover,
    roll_back,
)


@contextmanager
def exclusive(project: Path) -> Generator[str | None]:
    """Locks a project for one run, and recovers from an earlier killed run.

    Args:
        project: The project's folder, which need not exist.

    Yields:
        A message about the recovery; None if there was nothing to recover.

    Raises:
        BusyError: Another run holds the lock.
        JournalError: The journal of a killed run was not written by this program.
    """
    project = project.resolve()
    folder = _nearest_folder(project)
    with locked(folder):
        if _nearest_folder(project) == folder:
            yield recover(folder)
            return
    with exclusive(project) as done:  # the previous holder has created the folder
        yield done


def write(plan: Plan) -> str | None:
    """Writes the files of a plan, unless it is a dry run.

    Args:
        plan: The plan, made while holding `exclusive`.

    Returns:
        The backup folder, relative to the project, of the user's files that were
        replaced, merged or deleted.

    Raises:
        ConflictError: A file conflicts, or has changed since it was planned. The
            project is unchanged.
        WriteError: Writing failed. The project is unchanged.
        UnfinishedError: Writing failed, and so did rolling back.
    """
    plan.raise_for_conflicts()
    entries = [entry for entry in plan.entries if entry.is_written]
    if plan.dry_run or not entries:
        return None
    try:
        if mode_of(plan.project) is None:
            _write_new_project(plan.project, entries)
            return None
        return _write_into(Workplace(plan.project), entries, plan.emptied)
    except ScaffoldError:
        raise
    except OSError as error:
        raise WriteError(*_facts(error, plan.project)) from error


def _write_into(
    place: Workplace, entries: Sequence[PlanEntry], emptied: tuple[str, ...]
) -> str | None:
    check_root(place)
    try:
        journal = _staged(place, entries)._replace(emptied=emptied)
        _write_journal(place, journal)
        carry_out(place, journal)
    except BaseException as error:
        try:
            roll_back(place)
        except OSError as second:
            raise UnfinishedError(*_facts(second, place.project)) from error
        raise
    with suppress(OSError):
        clean(place)
    return f"{FOLDER}/{journal.backup}" if journal.backup else None


def _staged(place: Workplace, entries: Sequence[PlanEntry]) -> Journal:
    clean(place)
    place.stage.mkdir(parents=True)
    steps = [_stage(place, number, entry) for number, entry in enumerate(entries)]
    files = [place.staged(number) for number, step in enumerate(steps) if step.after]
    previous = [place.previous(n) for n, step in enumerate(steps) if step.before]
    kept = [place.kept / entry.path for entry in entries if entry.is_kept]
    if kept and (ignoring := place.kept / ".gitignore") not in kept:
        disk.write_new(ignoring, b"*\n")
        kept.append(ignoring)
    disk.sync([*files, *previous, *kept, place.stage])
    backup = f"{BACKUP_PREFIX}{_stamp(place)}" if kept else None
    folders = missing_folders(place.project, [entry.path for entry in entries])
    return Journal(tuple(steps), tuple(folders), backup)


def _stage(place: Workplace, number: int, entry: PlanEntry) -> Step:
    staged, target = place.staged(number), place.project / entry.path
    after = None if entry.after is None else digest(entry.after)
    if entry.after is not None:
        disk.write_new(staged, entry.after)
    if entry.before is None:
        return Step(entry.path, None, after)
    if not stat.S_ISREG(mode_of(target) or 0):
        raise ConflictError([entry.path])
    disk.copy_with_mode(target, place.previous(number))
    if after is not None:
        staged.chmod(stat.S_IMODE(target.lstat().st_mode))
    if entry.is_kept:
        kept = place.kept / entry.path
        kept.parent.mkdir(parents=True, exist_ok=True)
        disk.copy_with_mode(target, kept)
    return Step(entry.path, digest(entry.before), after)


def _write_journal(place: Workplace, journal: Journal) -> None:
    draft = place.stage / DO
    disk.write_new(draft, journal.to_json())
    disk.sync([draft])
    draft.rename(place.root / DO)
    disk.sync([place.root])


def _stamp(place: Workplace) -> str:
    now = time.strftime("%Y%m%d-%H%M%S")
    stamps = chain([now], (f"{now}-{number}" for number in count(2)))
    return next(
        stamp
        for stamp in stamps
        if mode_of(place.root / f"{BACKUP_PREFIX}{stamp}") is None
    )


def _write_new_project(project: Path, entries: Sequence[PlanEntry]) -> None:
    anchor = _nearest_folder(project)
    first, *rest = project.relative_to(anchor).parts
    draft = anchor / f"{NEW_PROJECT_PREFIX}{os.urandom(4).hex()}"
    try:
        draft.mkdir()
        files = [draft.joinpath(*rest, entry.path) for entry in entries]
        for file, entry in zip(files, entries, strict=True):
            file.parent.mkdir(parents=True, exist_ok=True)
            disk.write_new(file, entry.after or b"")
        disk.sync([*files, *{file.parent for file in files}])
        _appear(draft, anchor / first)
    except BaseException:
        disk.remove_tree(draft)
        raise
    disk.sync([anchor])


def _appear(draft: Path, folder: Path) -> None:
    try:
        draft.rename(folder)
    except OSError as error:
        if mode_of(folder) is None:
            raise
        raise ConflictError([str(folder)]) from error


def _nearest_folder(path: Path) -> Path:
    return next(each for each in (path, *path.parents) if each.is_dir())


def _facts(error: OSError, project: Path) -> tuple[str, str]:
    path = str(error.filename2 or error.filename or project)
    return path, error.strerror or str(error)
