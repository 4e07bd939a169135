"""Carries a plan out: all of it, or none of it, whatever happens meanwhile.

Every file is written to a folder for that inside the project first. Then one rename
decides that the run will be carried out, and from there it only moves files. A fault
before or after is undone at once; what a process leaves that is killed outright, the
next one finishes or takes back. A project that is new appears by one rename.
"""

import os
import stat
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import accumulate
from pathlib import Path

from oumi_scaffold import disk
from oumi_scaffold.carrying_out import (
    NEW_PROJECT_PREFIX,
    carry_out,
    check_root,
    clean,
    recover,
    roll_back,
)
from oumi_scaffold.exceptions import (
    ConflictError,
    ScaffoldError,
    UnfinishedError,
    WriteError,
)
from oumi_scaffold.journal import (
    BACKUP_PREFIX,
    DO,
    FOLDER,
    Journal,
    Step,
    Workplace,
    digest,
)
from oumi_scaffold.lock import locked
from oumi_scaffold.paths import mode_of
from oumi_scaffold.plan import Plan, PlanEntry, Status


@contextmanager
def exclusive(project: Path) -> Generator[str | None]:
    """Holds a project for one run, which plans and writes; a killed one's work ends.

    Args:
        project: The project's folder, which need not exist.

    Yields:
        What was done about a killed run, for people; None where there was none.

    Raises:
        BusyError: Another run is at work.
        JournalError: What is found of a killed run was not left by this program.
    """
    project = project.resolve()
    folder = _nearest_folder(project)
    with locked(folder):
        if _nearest_folder(project) == folder:
            yield recover(folder)
            return
    with exclusive(project) as done:  # whoever had the lock has made the folder
        yield done


def write(plan: Plan) -> str | None:
    """Writes the files of a plan, unless it is a dry run.

    Args:
        plan: What to do, made while `exclusive` holds the project.

    Returns:
        The folder, from the project's, that keeps what was replaced by force.

    Raises:
        ConflictError: A file stands in the way, or has changed since it was planned.
        WriteError: The disk refused. In both cases the project is as it was.
        UnfinishedError: The disk refused to have the project as it was, too.
    """
    plan.raise_for_conflicts()
    entries = [entry for entry in plan.entries if entry.is_written]
    if plan.dry_run or not entries:
        return None
    try:
        if mode_of(plan.project) is None:
            _write_new_project(plan.project, entries)
            return None
        return _write_into(Workplace(plan.project), entries)
    except ScaffoldError:
        raise
    except OSError as error:
        raise WriteError(*_facts(error, plan.project)) from error


def _write_into(place: Workplace, entries: Sequence[PlanEntry]) -> str | None:
    check_root(place)
    try:
        journal = _staged(place, entries)
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
    files = [place.staged(number) for number in range(len(entries))]
    previous = [place.previous(n) for n, step in enumerate(steps) if step.before]
    kept = [place.kept / e.path for e in entries if e.status is Status.FORCE]
    if kept and (ignoring := place.kept / ".gitignore") not in kept:
        disk.write_new(ignoring, b"*\n")
        kept.append(ignoring)
    disk.sync([*files, *previous, *kept, place.stage])
    backup = f"{BACKUP_PREFIX}{_stamp(place)}" if kept else None
    return Journal(tuple(steps), tuple(_missing_folders(place, entries)), backup)


def _stage(place: Workplace, number: int, entry: PlanEntry) -> Step:
    staged, target = place.staged(number), place.project / entry.path
    disk.write_new(staged, entry.after)
    if entry.before is None:
        return Step(entry.path, None, digest(entry.after))
    if not stat.S_ISREG(mode_of(target) or 0):
        raise ConflictError([entry.path])
    disk.copy_with_mode(target, place.previous(number))
    staged.chmod(stat.S_IMODE(target.lstat().st_mode))
    if entry.status is Status.FORCE:
        kept = place.kept / entry.path
        kept.parent.mkdir(parents=True, exist_ok=True)
        disk.copy_with_mode(target, kept)
    return Step(entry.path, digest(entry.before), digest(entry.after))


def _write_journal(place: Workplace, journal: Journal) -> None:
    draft = place.stage / DO
    disk.write_new(draft, journal.to_json())
    disk.sync([draft])
    draft.rename(place.root / DO)
    disk.sync([place.root])


def _missing_folders(place: Workplace, entries: Sequence[PlanEntry]) -> Iterator[str]:
    seen: set[str] = set()
    for entry in entries:
        *parts, _ = entry.path.split("/")
        for folder in accumulate(parts, "{}/{}".format):
            if folder in seen:
                continue
            seen.add(folder)
            if mode_of(place.project / folder) is None:
                yield folder


def _stamp(place: Workplace) -> str:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    number = 1
    while mode_of(place.root / f"{BACKUP_PREFIX}{stamp}") is not None:
        number += 1
        stamp = f"{stamp.rpartition('-')[0] if number > 2 else stamp}-{number}"
    return stamp


def _write_new_project(project: Path, entries: Sequence[PlanEntry]) -> None:
    anchor = _nearest_folder(project)
    first, *rest = project.relative_to(anchor).parts
    draft = anchor / f"{NEW_PROJECT_PREFIX}{os.urandom(4).hex()}"
    try:
        draft.mkdir()
        files = [draft.joinpath(*rest, entry.path) for entry in entries]
        for file, entry in zip(files, entries, strict=True):
            file.parent.mkdir(parents=True, exist_ok=True)
            disk.write_new(file, entry.after)
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
