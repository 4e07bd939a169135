"""Carries out what a journal says, or takes it back; either can be gone on with.

Both look at the disk to see how far they have come, and so whoever finds a journal can
finish what a killed run had begun, however often that happens.
"""

import stat
from contextlib import suppress
from pathlib import Path

from oumi_scaffold import disk
from oumi_scaffold.exceptions import (
    ConflictError,
    JournalError,
    ScaffoldError,
    UnsafePathError,
)
from oumi_scaffold.journal import DO, FOLDER, UNDO, Journal, Workplace, digest
from oumi_scaffold.paths import mode_of, read_target

NEW_PROJECT_PREFIX = ".oumi-scaffold-new-"


def carry_out(place: Workplace, journal: Journal) -> None:
    """Moves every staged file into place; those that have been moved are left.

    Raises:
        ConflictError: A file is not as it was when the run was planned.
        UnsafePathError: A link has come in the way.
        OSError: The disk refuses.
    """
    for folder in journal.folders:
        (place.project / folder).mkdir(exist_ok=True)
    for number, step in enumerate(journal.steps):
        staged, target = place.staged(number), place.project / step.path
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
    disk.sync(place.project / folder for folder in sorted(folders))
    _end(place, DO)


def roll_back(place: Workplace) -> None:
    """Brings the project back to what it was before the run that is under way.

    Raises:
        OSError: The disk refuses; calling it again goes on.
    """
    if mode_of(place.root / DO) is not None:
        (place.root / DO).replace(place.root / UNDO)
    journal = place.journal(UNDO)
    if journal is not None:
        _take_back(place, journal)
        _end(place, UNDO)
    clean(place)


def recover(project: Path) -> str | None:
    """Finishes or takes back what a killed run has left in a project.

    Args:
        project: An existing folder, whose lock the caller holds.

    Returns:
        What was done, for people; None where nothing was left.

    Raises:
        JournalError: What is there was not left by this program.
        OSError: The disk refuses.
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
    """Checks that the folder for all of this is one, if it is there.

    Raises:
        UnsafePathError: Something else is there, such as a link.
    """
    mode = mode_of(place.root)
    if mode is not None and not stat.S_ISDIR(mode):
        raise UnsafePathError(FOLDER, "it is not a folder, but this program needs one")


def clean(place: Workplace) -> None:
    """Removes what is of no use without a journal."""
    disk.remove_tree(place.stage)
    disk.remove_if_empty(place.root)


def _end(place: Workplace, direction: str) -> None:
    # Should this be lost, whoever finds the journal again finds nothing left to do.
    (place.root / direction).unlink()


def _take_back(place: Workplace, journal: Journal) -> None:
    if journal.backup and mode_of(place.kept) is None:
        disk.remove_tree(place.root / journal.backup)
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
    """Whether every file that is still to be moved is there as it was written."""
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
