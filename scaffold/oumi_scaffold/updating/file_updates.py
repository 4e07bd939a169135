"""Plans what an update does to each of a model's own files.

A file that is still as it was generated is replaced. In one that the user has changed,
both changes are merged, from the text that it was generated with: the manifest holds
it, or, where an older manifest does not, rendering again gives a text of the same hash.
If neither does, or the changes overlap, the file is a conflict.
"""

import warnings
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from oumi_scaffold.exceptions import MergeError
from oumi_scaffold.project.paths import read_target
from oumi_scaffold.project.recorded_model import line_ends, with_line_ends
from oumi_scaffold.updating.merge import Merge, first_marker, merged
from oumi_scaffold.updating.rerendering import Renewed
from oumi_scaffold.writing.plan import (
    PlanEntry,
    Status,
    planned_deletion,
    planned_file,
)


class Place(NamedTuple):
    """Where a file cannot be merged: the line, if there is one, or why."""

    path: str
    line: int | None = None
    reason: str | None = None

    def __str__(self) -> str:
        """Returns the place as `path:line`."""
        line = "" if self.line is None else f":{self.line}"
        return f"{self.path}{line}{f' ({self.reason})' if self.reason else ''}"


class FileUpdate(NamedTuple):
    """What an update does to one file, and where it is in conflict."""

    entry: PlanEntry
    places: tuple[Place, ...] = ()


def file_updates(
    project: Path, model: Renewed, needed: Collection[str], *, markers: bool
) -> Iterable[FileUpdate]:
    """Plans the files of a model: those that it has now, and those that it had.

    Args:
        project: The project's folder.
        model: The model as its template renders it now.
        needed: The files that a model of the project has now.
        markers: Whether conflicts are written between markers.
    """
    texts = {file.path: file.text.encode() for file in model.model.files}
    for path, new in texts.items():
        if path not in model.recorded.hashes:
            entry = planned_file(project, path, new)
            is_free = entry.status is not Status.CONFLICT
            place = Place(path, reason="the template has it now, and so had you")
            yield FileUpdate(entry, () if is_free else (place,))
        else:
            yield _known_file(project, path, model, new, markers)
    for path in model.recorded.hashes:
        if path not in needed:
            yield _unneeded_file(project, path, model)


def _known_file(
    project: Path, path: str, model: Renewed, new: bytes, markers: bool
) -> FileUpdate:
    before = read_target(project, path)
    if before is None:  # deleted by the user, so that it stays so
        return FileUpdate(PlanEntry(path, Status.GONE, None, None))
    ends = line_ends(before)
    after = with_line_ends(new, ends)
    base = model.old_texts.get(path)
    if before == after or base == new:
        return FileUpdate(PlanEntry(path, Status.IDENTICAL, before, before))
    if model.recorded.is_as_generated(path, before):
        return FileUpdate(PlanEntry(path, Status.UPDATE, before, after))
    conflict = PlanEntry(path, Status.CONFLICT, before, after)
    if base is None:
        reason = "what it was generated with is not known"
        return FileUpdate(conflict, (Place(path, reason=reason),))
    marker = first_marker(before)
    if marker is not None:
        place = Place(path, marker, "a conflict is left from before")
        return FileUpdate(conflict, (place,))
    try:
        merge = merged(base, with_line_ends(before, b"\n"), new)
    except MergeError as error:
        return FileUpdate(conflict, (Place(path, reason=error.reason),))
    return _merged_file(conflict, merge, ends, markers)


def _merged_file(
    conflict: PlanEntry, merge: Merge, ends: bytes, markers: bool
) -> FileUpdate:
    path, before = conflict.path, conflict.before or b""
    after = with_line_ends(merge.content, ends)
    if merge.lines and markers:
        entry = conflict._replace(status=Status.MARKERS, after=after)
        return FileUpdate(entry, tuple(Place(path, n) for n in merge.marker_lines))
    if merge.lines:
        return FileUpdate(conflict, tuple(Place(path, n) for n in merge.lines))
    if path.endswith(".py") and _is_python(before) and not _is_python(after):
        place = Place(path, reason="the merged file would be no valid Python")
        return FileUpdate(conflict, (place,))
    status = Status.IDENTICAL if after == before else Status.MERGE
    return FileUpdate(conflict._replace(status=status, after=after))


def _unneeded_file(project: Path, path: str, model: Renewed) -> FileUpdate:
    entry = planned_deletion(
        project, path, lambda before: model.recorded.is_as_generated(path, before)
    )
    is_free = entry.status is not Status.CONFLICT
    place = Place(path, reason="you changed it, and the template has it no more")
    return FileUpdate(entry, () if is_free else (place,))


def _is_python(content: bytes) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(content, "merged", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError):
            return False
    return True
