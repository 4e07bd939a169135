"""What a run would do to each file of a project. Reads the project, writes nothing."""

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from oumi_scaffold.exceptions import ConflictError, UnsafePathError


class Status(StrEnum):
    """What happens to a file."""

    CREATE = "create"
    IDENTICAL = "identical"
    UPDATE = "update"
    CONFLICT = "conflict"


@dataclass(frozen=True)
class PlanEntry:
    """One file of a plan.

    `before` is what the file holds now, None if there is none; `after` what it will.
    """

    path: str
    status: Status
    before: bytes | None
    after: bytes


@dataclass(frozen=True)
class Plan:
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

    def raise_for_conflicts(self) -> None:
        """Raises a ConflictError if any file stands in the way."""
        if self.conflicts:
            raise ConflictError(self.conflicts)


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


def read_target(project: Path, path: str) -> bytes | None:
    """Returns what a file of the project holds; None if there is none.

    Raises:
        UnsafePathError: The path leaves the project, goes through a link, or is
            something other than a file.
    """
    check_inside(path)
    target = project
    for part in PurePosixPath(path).parts:
        target = target / part
        mode = _mode(target)
        is_last = target == project / path
        if mode is None:
            return None
        if stat.S_ISLNK(mode):
            raise UnsafePathError(path, f"{part} is a symbolic link")
        if not is_last and not stat.S_ISDIR(mode):
            raise UnsafePathError(path, f"{part} is not a folder")
        if is_last and not stat.S_ISREG(mode):
            raise UnsafePathError(path, "something other than a file is there")
    return target.read_bytes()


def check_inside(path: str) -> None:
    """Checks that a relative path with `/` cannot leave the folder it starts in.

    Raises:
        UnsafePathError: It is absolute, has an empty, `.`, `..` or `.git` part, or
            a character that some system takes for a separator.
    """
    parts = path.split("/")
    if {"", ".", ".."} & set(parts) or any(char in path for char in "\\:\0"):
        raise UnsafePathError(path, "it is outside of the project's folder")
    if ".git" in (part.lower() for part in parts):
        raise UnsafePathError(path, "it is inside of the repository's own files")


def check_distinct(paths: Iterable[str]) -> None:
    """Checks that no two paths are one file where case does not count.

    Raises:
        UnsafePathError: Two are.
    """
    seen: set[str] = set()
    for path in paths:
        if path.lower() in seen:
            raise UnsafePathError(path, "it would be written twice")
        seen.add(path.lower())


def _mode(path: Path) -> int | None:
    try:
        return os.lstat(path).st_mode
    except FileNotFoundError:
        return None
