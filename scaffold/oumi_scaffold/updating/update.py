"""Plans to bring generated models to their templates as these are now.

A file that is still as it was generated is replaced. In one that the user has changed,
both changes are merged, from the text that it was generated with: the manifest holds
it, or, where an older manifest does not, rendering again gives a text of the same hash.
If neither does, or the changes overlap, the file is a conflict.
"""

import warnings
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from oumi_scaffold.exceptions import MergeError
from oumi_scaffold.generate import model_entry
from oumi_scaffold.project import manifest, requirements_file, schema_file
from oumi_scaffold.project.paths import (
    check_case,
    check_distinct,
    emptied_folders,
    missing_folders,
    read_target,
)
from oumi_scaffold.project.recorded import line_ends, with_line_ends
from oumi_scaffold.updating.again import Renewed
from oumi_scaffold.updating.merge import Merge, first_marker, merged
from oumi_scaffold.writing.plan import (
    Plan,
    PlanEntry,
    Status,
    planned_deletion,
    planned_file,
    planned_update,
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


class PlannedFile(NamedTuple):
    """One file of an update, and where it is in conflict."""

    entry: PlanEntry
    places: tuple[Place, ...] = ()


class Update(NamedTuple):
    """The plan of an update, and the places of its conflicts."""

    plan: Plan
    places: tuple[Place, ...]

    def places_of(self, *statuses: Status) -> list[Place]:
        """Returns the places in files of these statuses."""
        paths = {e.path for e in self.plan.entries if e.status in statuses}
        return [place for place in self.places if place.path in paths]


def plan_update(
    project: Path,
    content: bytes,
    models: Sequence[Renewed],
    decide: Callable[[PlanEntry], Status],
    *,
    markers: bool = False,
    dry_run: bool = False,
) -> Update:
    """Plans the update of models.

    Args:
        project: The project's folder.
        content: Its manifest.
        models: The models as their templates render them now.
        decide: Decides what to do with a file in conflict; see `Plan.decided`.
        markers: Whether conflicts are written between markers.
        dry_run: Whether `write` should do nothing.

    Raises:
        UnsafePathError: A file is outside the project or behind a symbolic link.
    """
    project = project.resolve()
    needed = _needed(content, models)
    files = {
        file.entry.path: file
        for model in models
        for file in _files(project, model, needed, markers)
    }
    own = tuple(file.entry for file in files.values())
    plan = Plan(project, own, dry_run).decided(decide)
    emptied = _emptied(project, content, plan)
    shared = list(_shared_files(project, content, models, plan, emptied))
    plan = plan._replace(entries=(*plan.entries, *shared), emptied=emptied)
    check_distinct(entry.path for entry in plan.entries)
    created = [e.path for e in plan.entries if e.status is Status.CREATE]
    check_case(project, created)
    places = [place for file in files.values() for place in file.places]
    return Update(plan, tuple(places))


def _needed(content: bytes, models: Sequence[Renewed]) -> set[str]:
    """Returns the files of all models of the project, after the update."""
    updated = {model.recorded.name for model in models}
    others = manifest.recorded_models(content).items()
    needed = {p for n, each in others if n not in updated for p in each.hashes}
    return needed | {file.path for model in models for file in model.model.files}


def _files(
    project: Path, model: Renewed, needed: Collection[str], markers: bool
) -> Iterable[PlannedFile]:
    texts = {file.path: file.text.encode() for file in model.model.files}
    for path, new in texts.items():
        if path not in model.recorded.hashes:
            entry = planned_file(project, path, new)
            is_free = entry.status is not Status.CONFLICT
            place = Place(path, reason="the template has it now, and so had you")
            yield PlannedFile(entry, () if is_free else (place,))
        else:
            yield _known_file(project, path, model, new, markers)
    for path in model.recorded.hashes:
        if path not in needed:
            yield _unneeded_file(project, path, model)


def _known_file(
    project: Path, path: str, model: Renewed, new: bytes, markers: bool
) -> PlannedFile:
    before = read_target(project, path)
    if before is None:  # deleted by the user, so that it stays so
        return PlannedFile(PlanEntry(path, Status.GONE, None, None))
    ends = line_ends(before)
    after = with_line_ends(new, ends)
    base = model.old_texts.get(path)
    if before == after or base == new:
        return PlannedFile(PlanEntry(path, Status.IDENTICAL, before, before))
    if model.recorded.is_as_generated(path, before):
        return PlannedFile(PlanEntry(path, Status.UPDATE, before, after))
    conflict = PlanEntry(path, Status.CONFLICT, before, after)
    if base is None:
        reason = "what it was generated with is not known"
        return PlannedFile(conflict, (Place(path, reason=reason),))
    marker = first_marker(before)
    if marker is not None:
        place = Place(path, marker, "a conflict is left from before")
        return PlannedFile(conflict, (place,))
    try:
        merge = merged(base, with_line_ends(before, b"\n"), new)
    except MergeError as error:
        return PlannedFile(conflict, (Place(path, reason=error.reason),))
    return _merged_file(conflict, merge, ends, markers)


def _merged_file(
    conflict: PlanEntry, merge: Merge, ends: bytes, markers: bool
) -> PlannedFile:
    path, before = conflict.path, conflict.before or b""
    after = with_line_ends(merge.content, ends)
    if merge.lines and markers:
        entry = conflict._replace(status=Status.MARKERS, after=after)
        return PlannedFile(entry, tuple(Place(path, n) for n in merge.marker_lines))
    if merge.lines:
        return PlannedFile(conflict, tuple(Place(path, n) for n in merge.lines))
    if path.endswith(".py") and _is_python(before) and not _is_python(after):
        place = Place(path, reason="the merged file would be no valid Python")
        return PlannedFile(conflict, (place,))
    status = Status.IDENTICAL if after == before else Status.MERGE
    return PlannedFile(conflict._replace(status=status, after=after))


def _unneeded_file(project: Path, path: str, model: Renewed) -> PlannedFile:
    entry = planned_deletion(
        project, path, lambda before: model.recorded.is_as_generated(path, before)
    )
    is_free = entry.status is not Status.CONFLICT
    place = Place(path, reason="you changed it, and the template has it no more")
    return PlannedFile(entry, () if is_free else (place,))


def _removed(plan: Plan) -> list[str]:
    return [e.path for e in plan.entries if e.after is None and e.is_written]


def _emptied(project: Path, content: bytes, plan: Plan) -> tuple[str, ...]:
    """Returns the folders that were made for models, and in which nothing is left."""
    created = [e.path for e in plan.entries if e.status is Status.CREATE]
    needed = {str(each) for path in created for each in PurePosixPath(path).parents}
    folders = set(manifest.created_folders(content)) - needed
    return tuple(emptied_folders(project, folders, _removed(plan)))


def _shared_files(
    project: Path,
    content: bytes,
    models: Sequence[Renewed],
    plan: Plan,
    emptied: Iterable[str],
) -> Iterable[PlanEntry]:
    """Plans the files that all models of a project share."""
    listed = read_target(project, requirements_file.FILE_NAME)
    removed = _removed(plan)
    moved = [
        model.model.structure.model_file
        for model in models
        if model.model.structure.model_file not in model.recorded.hashes
    ]
    if removed or moved:
        rest = requirements_file.without_lines(listed, removed)
        lines = requirements_file.with_lines(rest, moved) if moved else rest
        yield planned_update(requirements_file.FILE_NAME, listed, lines)
    created = [e.path for e in plan.entries if e.status is Status.CREATE]
    after = manifest.updated(
        content,
        [model_entry(each.model, each.source) for each in models],
        missing_folders(project, created),
        emptied,
    )
    yield planned_update(manifest.FILE_NAME, content, after)
    if any(each.model.needs_schema for each in models):
        before = read_target(project, schema_file.FILE_NAME)
        yield planned_update(schema_file.FILE_NAME, before, schema_file.content())


def _is_python(content: bytes) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(content, "merged", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError):
            return False
    return True
