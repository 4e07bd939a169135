"""The pipeline of `new-project`: a folder that can be installed, with a model in it.

The project's own files, such as pyproject.toml, are the user's from then on: the
manifest records only the model, as that of `new-model` does.
"""

from pathlib import Path

from oumi_scaffold.exceptions import NotEmptyError
from oumi_scaffold.generating.classes import (
    Generated,
    generated,
    plan_models,
    renderer_of,
)
from oumi_scaffold.project.paths import check_distinct
from oumi_scaffold.request.project_spec import ProjectSpec
from oumi_scaffold.template.source import built_in
from oumi_scaffold.writing.plan import Plan, planned_file
from oumi_templates.catalog import PROJECT


def plan_project(
    spec: ProjectSpec, parent: Path, *, dry_run: bool = False
) -> tuple[Generated, Plan]:
    """Plans a project, and returns its model with the plan.

    Args:
        spec: The project.
        parent: The folder in which its folder is made.
        dry_run: Whether `write` should do nothing.

    Raises:
        NotEmptyError: Its folder exists, and is not empty.
    """
    folder = parent / spec.name
    if folder.is_symlink() or (folder.exists() and not _is_empty_folder(folder)):
        raise NotEmptyError(folder)
    source = built_in(spec.model.task)
    (model,) = generated([spec.model], source)
    plan = plan_models([model], folder, source, dry_run=dry_run)
    files = renderer_of(built_in(PROJECT)).render(spec.answers)
    own = [planned_file(plan.project, f.path, f.text.encode()) for f in files]
    entries = (*own, *plan.entries)
    check_distinct(entry.path for entry in entries)
    return model, plan._replace(entries=entries)


def _is_empty_folder(folder: Path) -> bool:
    return folder.is_dir() and next(folder.iterdir(), None) is None
