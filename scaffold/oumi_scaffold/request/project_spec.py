"""The spec of a project to make: a request for one, with a name that it can have."""

import re
from importlib.machinery import PathFinder
from typing import NamedTuple

from oumi_scaffold.exceptions import InvalidNameError
from oumi_scaffold.request.layout import Layout
from oumi_scaffold.request.names import MAX_LENGTH
from oumi_scaffold.request.reserved_names import (
    KEYWORDS,
    STANDARD_LIBRARY,
    USED_BY_GENERATED_CODE,
)
from oumi_scaffold.request.spec import ClassSpec, model_spec
from oumi_scaffold.request.values import Value

_ALLOWED = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*", re.ASCII)
_FORM = (
    "it must be words of lower-case ASCII letters and digits, joined by -, "
    f"at most {MAX_LENGTH} characters in all"
)
_USED_BY_PROJECTS = frozenset(
    {"configs", "data", "datasets", "models", "mypy", "outputs", "ruff", "tests"}
)


class ProjectSpec(NamedTuple):
    """A project to make: its name, which is also its folder's, and its model."""

    name: str
    model: ClassSpec

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


def package_name(project: str) -> str:
    """Returns the import package of a project: `my_project` for `my-project`."""
    return project.replace("-", "_")


def check_project_name(name: str) -> None:
    """Checks that a project can have this name.

    Raises:
        InvalidNameError: It cannot; the message says why, and suggests a valid name.
    """
    reason = _objection(name)
    if reason:
        words = re.findall(r"[a-z0-9]+", name[:MAX_LENGTH].lower(), re.ASCII)
        candidates = ("-".join(words), f"my-{'-'.join(words)}")
        suggestion = next((c for c in candidates if not _objection(c)), None)
        raise InvalidNameError(name, reason, suggestion, noun="project")


def _objection(name: str) -> str | None:
    package = package_name(name)
    if len(name) > MAX_LENGTH or not _ALLOWED.fullmatch(name):
        return _FORM
    if package in KEYWORDS or package in STANDARD_LIBRARY:
        return "Python has something of that name"
    if package in USED_BY_GENERATED_CODE | _USED_BY_PROJECTS:
        return "the project uses it for something else"
    if package.startswith("test_"):
        return "pytest would collect it as tests"
    found = PathFinder.find_spec(package)
    if found is not None and found.origin is not None:
        return "an installed package has that name"
    return None
