"""What a run would do to each file of a project. Reads the project, writes nothing."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from oumi_scaffold.exceptions import ConflictError
from oumi_scaffold.paths import read_target


class Status(StrEnum):
    """What happens to a file."""

    CREATE = "create"
    IDENTICAL = "identical"
    UPDATE = "update"
    CONFLICT = "conflict"
    SKIP = "skip"
    FORCE = "force"


class PlanEntry(NamedTuple):
    """One file of a plan.

    `before` is what the file holds now, None if there is none; `after` what it will.
    """

    path: str
    status: Status
    before: bytes | None
    after: bytes

    @property
    def is_written(self) -> bool:
        """Whether carrying the plan out changes the file."""
        return self.status in (Status.CREATE, Status.UPDATE, Status.FORCE)


class Plan(NamedTuple):
    """Everything that a run does to a project; a dry run is not carried out.

    `project` is an absolute path without links; the folder need not exist yet.
    """

    project: Path
    entries: tuple[PlanEntry, ...]
    dry_run: bool = False

    @property
    def conflicts(self) -> tuple[str, ...]:
        """The paths that stand in the way."""
        return tuple(e.path for e in self.entries if e.status is Status.CONFLICT)

    @property
    def replaced(self) -> tuple[PlanEntry, ...]:
        """The files that are someone's own, and are replaced nevertheless."""
        return tuple(e for e in self.entries if e.status is Status.FORCE)

    def raise_for_conflicts(self) -> None:
        """Raises a ConflictError if any file stands in the way."""
        if self.conflicts:
            raise ConflictError(self.conflicts)

    def decided(self, decide: Callable[[PlanEntry], Status]) -> "Plan":
        """Returns the plan with every conflict decided.

        Args:
            decide: Returns `SKIP`, `FORCE`, or `CONFLICT` again, for a file in the way.
        """
        entries = tuple(
            e._replace(status=decide(e)) if e.status is Status.CONFLICT else e
            for e in self.entries
        )
        return self._replace(entries=entries)


def planned_file(project: Path, path: str, after: bytes) -> PlanEntry:
    """Returns the entry of a file that is ours alone: what exists is a conflict."""
    before = read_target(project, path)
    if before is None:
        return PlanEntry(path, Status.CREATE, before, after)
    same = before == after
    return PlanEntry(path, Status.IDENTICAL if same else Status.CONFLICT, before, after)


def planned_update(path: str, before: bytes | None, after: bytes) -> PlanEntry:
    """Returns the entry of a file that is shared: what exists is added to."""
    if before is None:
        return PlanEntry(path, Status.CREATE, before, after)
    status = Status.IDENTICAL if before == after else Status.UPDATE
    return PlanEntry(path, status, before, after)
