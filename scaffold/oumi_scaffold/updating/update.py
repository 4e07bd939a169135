"""Plans to bring generated models to their templates as these are now.

`file_updates` says what becomes of a model's own files; here is what they add up to,
with the files that the models of a project share.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from oumi_scaffold.generating.classes import model_entry
from oumi_scaffold.project import manifest, requirements_file, schema_file
from oumi_scaffold.project.paths import (
    check_case,
    check_distinct,
    emptied_folders,
    missing_folders,
    read_target,
)
from oumi_scaffold.updating.file_updates import Place, file_updates
from oumi_scaffold.updating.rerendering import Renewed
from oumi_scaffold.writing.plan import (
    Plan,
    PlanEntry,
    Status,
    planned_update,
)


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
        for file in file_updates(project, model, needed, markers=markers)
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
        model.model.structure.class_file
        for model in models
        if model.model.structure.class_file not in model.recorded.hashes
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
