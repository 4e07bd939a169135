"""Plans to take a generated model back: a project as it was before `new-model`.

Files are deleted that are still as they were generated. A changed one is a conflict, to
be decided. What the user's own files held before something replaced them is not known.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from oumi_scaffold.exceptions import UnknownChoiceError
from oumi_scaffold.project import (
    entry_points,
    leftovers,
    manifest,
    requirements_file,
    schema_file,
    settings,
)
from oumi_scaffold.project.paths import (
    check_distinct,
    emptied_folders,
    mode_of,
    read_target,
)
from oumi_scaffold.project.recorded_model import RecordedModel
from oumi_scaffold.writing.plan import (
    Plan,
    PlanEntry,
    Status,
    planned_deletion,
    planned_update,
)

_REMAINS = (Status.IDENTICAL, Status.SKIP)


class Undo(NamedTuple):
    """The plan that takes a model back.

    `replaced` are copies of what was in the place of its files before; they stay.
    """

    name: str
    plan: Plan
    replaced: tuple[str, ...]


def plan_undo(
    project: Path,
    name: str | None,
    decide: Callable[[PlanEntry], Status],
    *,
    dry_run: bool = False,
) -> Undo:
    """Plans to take back one model.

    Args:
        project: The project's folder.
        name: The model; None for the one generated last.
        decide: Decides what to do with a file that was changed; see `Plan.decided`.
        dry_run: Whether `write` should do nothing.

    Raises:
        NothingGeneratedError: The project has no generated models.
        UnknownChoiceError: It has none of this name.
        ManifestError: The project's manifest cannot be read.
        UnsafePathError: A file is outside the project or behind a symbolic link.
    """
    project = project.resolve()
    content, models = manifest.read_recorded(project)
    if name is None:
        name = list(models)[-1]
    if name not in models:
        raise UnknownChoiceError("generated model", name, models)
    own = [_own_file(project, path, models, name) for path in models[name].hashes]
    plan = Plan(project, tuple(own), dry_run).decided(decide)
    removed = [e.path for e in plan.entries if e.status not in _REMAINS]
    emptied = emptied_folders(project, manifest.created_folders(content), removed)
    shared = list(_shared_files(project, content, name, plan, emptied))
    plan = plan._replace(entries=(*plan.entries, *shared), emptied=tuple(emptied))
    check_distinct(entry.path for entry in plan.entries)
    return Undo(name, plan, tuple(_copies(project, models[name].hashes)))


def _own_file(
    project: Path, path: str, models: Mapping[str, RecordedModel], name: str
) -> PlanEntry:
    if any(path in each.hashes for other, each in models.items() if other != name):
        before = read_target(project, path)  # another model needs it
        return PlanEntry(path, Status.IDENTICAL, before, before)

    def is_ours(before: bytes) -> bool:
        return models[name].is_as_generated(path, before)

    return planned_deletion(project, path, is_ours)


def _shared_files(
    project: Path,
    content: bytes,
    name: str,
    plan: Plan,
    emptied: Collection[str],
) -> Iterable[PlanEntry]:
    """Plans the files that all models of a project share."""
    removed = [e.path for e in plan.entries if e.status not in _REMAINS]
    listed = read_target(project, requirements_file.FILE_NAME)
    if listed is not None:
        rest = requirements_file.without_lines(listed, removed)
        yield planned_update(requirements_file.FILE_NAME, listed, rest)
    described = read_target(project, settings.FILE_NAME)
    if described is not None:
        rest = entry_points.without_files(described, removed)
        if rest != described:
            yield planned_update(settings.FILE_NAME, described, rest)
    after = manifest.without_model(content, name, emptied)
    yield planned_update(manifest.FILE_NAME, content, after)
    schema = read_target(project, schema_file.FILE_NAME)
    is_needed = after is not None or len(removed) < len(plan.entries)
    if schema == schema_file.content() and not is_needed:
        yield planned_update(schema_file.FILE_NAME, schema, None)


def _copies(project: Path, paths: Iterable[str]) -> Iterable[str]:
    """Yields the newest kept copy of each file that was replaced by force."""
    backups = leftovers.backups(project)
    for path in paths:
        for folder in backups:
            if mode_of(project / folder / path) is not None:
                yield f"{folder}/{path}"
                break
