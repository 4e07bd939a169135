"""Carries out a journal, or rolls it back; either can be resumed.

Both check the disk to see how far they have come, so a later run can complete what a
killed one has started, however often that happens.
"""

import stat
from contextlib import suppress
from pathlib import Path

from oumi_scaffold.exceptions import (
    ConflictError,
    JournalError,
    ScaffoldError,
    UnsafePathError,
)
from oumi_scaffold.project.leftovers import FOLDER, NEW_PROJECT_PREFIX
from oumi_scaffold.project.paths import is_plain_folder, mode_of, read_target
from oumi_scaffold.writing import disk
from oumi_scaffold.writing.journal import DO, UNDO, Journal, Step, Workplace, digest


def carry_out(place: Workplace, journal: Journal) -> None:
    """Moves or deletes every file, except those already moved or deleted.

    Raises:
        ConflictError: A file has changed since the run was planned.
        UnsafePathError: A symbolic link has appeared on the path.
        OSError: Writing failed.
    """
    for folder in journal.folders:
        (place.project / folder).mkdir(exist_ok=True)
    for number, step in enumerate(journal.steps):
        staged, target = place.staged(number), place.project / step.path
        if step.after is None:
            _delete(place.project, step)
            continue
        if mode_of(staged) is None:
            continue
        if disk.is_same_file(staged, target):
            staged.unlink()
            continue
        if _digest(place.project, step.path) != step.before:
            raise ConflictError([step.path])
        try:
            replacing = step.before is not None
            disk.move_into_place(staged, target, replacing=replacing)
        except FileExistsError:
            raise ConflictError([step.path]) from None
    if journal.backup and mode_of(place.kept) is not None:
        place.kept.rename(place.root / journal.backup)
    folders = {step.path.rpartition("/")[0] for step in journal.steps}
    paths = [place.project / folder for folder in sorted(folders)]
    disk.sync(path for path in paths if mode_of(path) is not None)
    for folder in journal.emptied:
        if is_plain_folder(place.project, folder):
            disk.remove_if_unused(place.project / folder)
    _end(place, DO)


def roll_back(place: Workplace) -> None:
    """Restores the project to its state before the current run.

    Raises:
        OSError: Writing failed; call it again to continue.
    """
    if mode_of(place.root / DO) is not None:
        (place.root / DO).replace(place.root / UNDO)
    journal = place.journal(UNDO)
    if journal is not None:
        _take_back(place, journal)
        _end(place, UNDO)
    clean(place)


def recover(project: Path) -> str | None:
    """Completes or rolls back a killed run.

    Args:
        project: An existing folder, whose lock the caller holds.

    Returns:
        A message about what was done; None if there was nothing to do.

    Raises:
        JournalError: The journal was not written by this program.
        OSError: Writing failed.
    """
    for left in project.glob(f"{NEW_PROJECT_PREFIX}*"):
        disk.remove_tree(left)
    place = Workplace(project)
    check_root(place)
    if mode_of(place.root) is None:
        return None
    journal = place.journal(DO)
    is_undone = place.journal(UNDO) is not None
    if journal is None and not is_undone:
        clean(place)
        return None
    _check_stage(place)
    if journal is not None and not is_undone and _is_whole(place, journal):
        with suppress(ScaffoldError, OSError):
            carry_out(place, journal)
            clean(place)
            return "completed the changes of an interrupted run"
    roll_back(place)
    return "rolled back the changes of an interrupted run"


def check_root(place: Workplace) -> None:
    """Checks that the folder of the journal is a folder, if it exists.

    Raises:
        UnsafePathError: It is something else, such as a symbolic link.
    """
    mode = mode_of(place.root)
    if mode is not None and not stat.S_ISDIR(mode):
        raise UnsafePathError(FOLDER, "it is not a folder, but this program needs one")


def clean(place: Workplace) -> None:
    """Removes staged files that have no journal."""
    disk.remove_tree(place.stage)
    disk.remove_if_empty(place.root)


def _delete(project: Path, step: Step) -> None:
    found = _digest(project, step.path)
    if found is None:
        return
    if found != step.before:
        raise ConflictError([step.path])
    (project / step.path).unlink()


def _end(place: Workplace, direction: str) -> None:
    # If this is lost in a crash, the next run finds nothing left to do.
    (place.root / direction).unlink()


def _take_back(place: Workplace, journal: Journal) -> None:
    if journal.backup and mode_of(place.kept) is None:
        disk.remove_tree(place.root / journal.backup)
    for folder in reversed(journal.emptied):  # a file needs the folder it was in
        (place.project / folder).mkdir(exist_ok=True)
    for number, step in reversed(list(enumerate(journal.steps))):
        staged, target = place.staged(number), place.project / step.path
        previous = place.previous(number)
        if mode_of(staged) is not None and not disk.is_same_file(staged, target):
            continue  # it was never moved
        if _digest(place.project, step.path) != step.after:
            continue  # someone has changed it since
        if step.before is None:
            target.unlink()
        elif mode_of(previous) is not None:
            previous.replace(target)
    for folder in reversed(journal.folders):
        disk.remove_if_empty(place.project / folder)


def _digest(project: Path, path: str) -> str | None:
    content = read_target(project, path)
    return None if content is None else digest(content)


def _is_whole(place: Workplace, journal: Journal) -> bool:
    """Whether every file still to be moved exists unchanged."""
    return all(
        digest(place.staged(number).read_bytes()) == step.after
        for number, step in enumerate(journal.steps)
        if mode_of(place.staged(number)) is not None
    )


def _check_stage(place: Workplace) -> None:
    for path in [place.stage, *place.stage.rglob("*")]:
        mode = mode_of(path)
        if mode is not None and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise JournalError(str(path), "it is neither a file nor a folder")
