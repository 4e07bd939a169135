"""The pipeline of `new-project`: a folder that can be installed, with a model in it.

The project's own files, such as pyproject.toml, are the user's from then on: the
manifest records only the model, as that of `new-model` does.
"""

from pathlib import Path
from typing import NamedTuple

from oumi_scaffold.exceptions import NotEmptyError
from oumi_scaffold.generate import Generated, generated, plan_models, renderer_of
from oumi_scaffold.project.paths import check_distinct
from oumi_scaffold.request.names import check_project_name, package_name
from oumi_scaffold.request.spec import Layout, ModelSpec, model_spec
from oumi_scaffold.request.values import Value
from oumi_scaffold.template.source import built_in
from oumi_scaffold.writing.plan import Plan, planned_file
from oumi_templates.catalog import PROJECT


class ProjectSpec(NamedTuple):
    """A project to make: its name, which is also its folder's, and its model."""

    name: str
    model: ModelSpec

    @property
    def answers(self) -> dict[str, Value]:
        """The variables of the project's template."""
        return {
            "project_name": self.name,
            "package_name": package_name(self.name),
            "model_name": self.model.name,
            "module_name": self.model.module_name,
            "task": self.model.task,
        }


def project_spec(
    name: str, model: str = "MyNet", task: str | None = None, arch: str | None = None
) -> ProjectSpec:
    """Returns the spec of a requested project.

    Args:
        name: The project's name, such as my-project.
        model: The class name of its model.
        task: A task of the catalogue; None for text-classification.
        arch: An architecture of that task; None for the task's first.

    Raises:
        InvalidNameError: The project, or the model, cannot have this name.
        UnknownChoiceError: There is no such task, or it has no such architecture.
    """
    check_project_name(name)
    package = package_name(name)
    layout = Layout(models=f"{package}/models", data=f"{package}/data")
    return ProjectSpec(name, model_spec(model, task, arch, layout=layout))


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
