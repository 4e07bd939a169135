"""Plans what a run does to each file of a project. Nothing is written here."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from oumi_scaffold.exceptions import ConflictError
from oumi_scaffold.project.paths import read_target


class Status(StrEnum):
    """What happens to a file."""

    CREATE = "create"
    IDENTICAL = "identical"
    UPDATE = "update"
    """It is ours, or shared with the user, and gets its new content."""
    CONFLICT = "conflict"
    """It is the user's: what happens has to be decided."""
    SKIP = "skip"
    """It was decided that it stays."""
    FORCE = "force"
    """It was decided that it is replaced or deleted; a copy is kept."""
    DELETE = "delete"
    GONE = "gone"
    """It is not there any more, and stays so."""
    MERGE = "merge"
    """It gets the user's changes and the template's."""
    MARKERS = "markers"
    """As for `MERGE`, with both where they overlap, between markers."""


_KEPT = {Status.FORCE, Status.MERGE, Status.MARKERS}
_WRITTEN = {Status.CREATE, Status.UPDATE, Status.DELETE} | _KEPT


class PlanEntry(NamedTuple):
    """One file of a plan.

    `before` is the current content, None if the file does not exist; `after` is the
    new content, None if the file is to be deleted.
    """

    path: str
    status: Status
    before: bytes | None
    after: bytes | None

    @property
    def is_written(self) -> bool:
        """Whether the plan changes the file."""
        return self.status in _WRITTEN

    @property
    def is_kept(self) -> bool:
        """Whether a copy of the file is kept, since it is not as we have written it."""
        return self.status in _KEPT


class Plan(NamedTuple):
    """Everything that a run does to a project; nothing in a dry run.

    `project` is an absolute path without symbolic links; the folder need not exist.
    `emptied` are the folders, innermost first, that are removed if they are left empty.
    """

    project: Path
    entries: tuple[PlanEntry, ...]
    dry_run: bool = False
    emptied: tuple[str, ...] = ()

    @property
    def conflicts(self) -> tuple[str, ...]:
        """The paths of conflicting files."""
        return tuple(e.path for e in self.entries if e.status is Status.CONFLICT)

    def raise_for_conflicts(self, remedy: str = "") -> None:
        """Raises ConflictError if there are conflicts.

        Args:
            remedy: What to do, if `--skip`, `--force` and `--diff` are not options.
        """
        if self.conflicts:
            raise ConflictError(self.conflicts, remedy)

    def decided(self, decide: Callable[[PlanEntry], Status]) -> "Plan":
        """Returns the plan with every conflict decided.

        Args:
            decide: Returns `SKIP`, `FORCE` or `CONFLICT` for a conflicting file.
        """
        entries = tuple(
            e._replace(status=decide(e)) if e.status is Status.CONFLICT else e
            for e in self.entries
        )
        return self._replace(entries=entries)


def planned_file(project: Path, path: str, after: bytes) -> PlanEntry:
    """Plans a file of ours; an existing file with other content is a conflict."""
    before = read_target(project, path)
    if before is None:
        return PlanEntry(path, Status.CREATE, before, after)
    same = before == after
    return PlanEntry(path, Status.IDENTICAL if same else Status.CONFLICT, before, after)


def planned_update(path: str, before: bytes | None, after: bytes | None) -> PlanEntry:
    """Plans a file shared with the user, whose content we add to or take from."""
    if after is None:
        status = Status.GONE if before is None else Status.DELETE
        return PlanEntry(path, status, before, after)
    if before is None:
        return PlanEntry(path, Status.CREATE, before, after)
    status = Status.IDENTICAL if before == after else Status.UPDATE
    return PlanEntry(path, status, before, after)


def planned_deletion(
    project: Path, path: str, is_ours: Callable[[bytes], bool]
) -> PlanEntry:
    """Plans that a file of ours is deleted; one that was changed is a conflict.

    Args:
        project: The project's folder.
        path: The file.
        is_ours: Whether a content is what we have written.
    """
    before = read_target(project, path)
    if before is None:
        return PlanEntry(path, Status.GONE, None, None)
    status = Status.DELETE if is_ours(before) else Status.CONFLICT
    return PlanEntry(path, status, before, None)
