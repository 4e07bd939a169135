"""What to generate, a model or a dataset: a request checked against the catalogue."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from oumi_scaffold.exceptions import UnknownChoiceError
from oumi_scaffold.request import names
from oumi_scaffold.request.layout import Layout
from oumi_scaffold.request.values import Value
from oumi_templates.catalog import DATASET, DEFAULT_TASK, TASKS

# The packages that generated code can import; the first is the default.
RUNTIME, OUMI = "runtime", "oumi"
TARGETS = (RUNTIME, OUMI)

# How the rows of a dataset are read: by number, or one after the other.
MAP, STREAM = "map", "stream"
KINDS = (MAP, STREAM)

# The variable of a template that holds the name of the class.
MODEL_CLASS, DATASET_CLASS = "model_name", "dataset_class"

_NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
_NO_DATA: Mapping[str, Value] = MappingProxyType({})


class ClassSpec(NamedTuple):
    """Everything that the generated files of a model, or of a dataset, depend on.

    `settings` are unparsed strings, since only the template knows their types. `data`
    holds the template's variables about the training data. The architecture is empty
    for third-party templates, which have their own choices.
    """

    name: str
    task: str
    arch: str
    target: str = RUNTIME
    layout: Layout = Layout()
    settings: Mapping[str, str] = _NO_SETTINGS
    data: Mapping[str, Value] = _NO_DATA
    is_dataset: bool = False

    @property
    def noun(self) -> str:
        """What is generated, for messages."""
        return "dataset" if self.is_dataset else "model"

    @property
    def registered_name(self) -> str:
        """The name that configs use."""
        return self.module_name if self.is_dataset else self.name

    @property
    def module_name(self) -> str:
        """The module of the class."""
        return names.module_name(self.name)

    @property
    def answers(self) -> Mapping[str, Value]:
        """The template's variables that the request sets.

        Default values are left out, since a template need not have the variable.
        """
        answers: dict[str, Value] = {
            DATASET_CLASS if self.is_dataset else MODEL_CLASS: self.name,
            "module_name": self.module_name,
        }
        if self.arch:
            answers["arch"] = self.arch
        if self.target != RUNTIME:
            answers["target"] = self.target
        if not self.is_dataset and self.layout.models != Layout().models:
            answers["__models_package"] = self.layout.models_package
        if self.is_dataset and self.layout.data != Layout().data:
            answers["__data_package"] = self.layout.data_package
        return answers | dict(self.data)

    @property
    def model_file(self) -> str:
        """The file of the class, from the project's folder."""
        return f"{self.layout.models}/{self.module_name}.py"

    @property
    def test_file(self) -> str:
        """The file of its tests, from the project's folder."""
        return f"{self.layout.tests}/test_{self.module_name}.py"

    @property
    def config_file(self) -> str:
        """The training config, from the project's folder."""
        return f"{self.layout.configs}/{self.module_name}.yaml"

    @property
    def data_file(self) -> str | None:
        """The script that writes training data for Oumi, if the target is Oumi."""
        if self.target != OUMI:
            return None
        return f"{self.layout.data}/prepare_{self.module_name}.py"


def model_spec(
    name: str,
    task: str | None = None,
    arch: str | None = None,
    target: str = RUNTIME,
    settings: Mapping[str, str] | None = None,
    layout: Layout | None = None,
) -> ClassSpec:
    """Returns the spec of a requested model.

    Args:
        name: The class name, which is also the name it is registered under.
        task: A task of the catalogue; None for text-classification.
        arch: An architecture of that task; None for the task's first.
        target: One of `TARGETS`.
        settings: The defaults of constructor arguments, as strings by name.
        layout: The project's folders; None for the defaults.

    Raises:
        InvalidNameError: A model cannot have this name.
        UnknownChoiceError: There is no such task, or it has no such architecture or
            target.
    """
    names.check_name(name)
    task = DEFAULT_TASK if task is None else task
    if task not in TASKS:
        raise UnknownChoiceError("task", task, TASKS)
    chosen = TASKS[task]
    arch = chosen.default_architecture.name if arch is None else arch
    if arch not in chosen.architecture_names:
        kind = f"{chosen.name} architecture"
        raise UnknownChoiceError(kind, arch, chosen.architecture_names)
    if target not in chosen.targets:
        raise UnknownChoiceError(f"{chosen.name} target", target, chosen.targets)
    layout = layout or Layout()
    return ClassSpec(name, chosen.name, arch, target, layout, dict(settings or {}))


def dataset_spec(
    name: str, task: str | None = None, kind: str = MAP, layout: Layout | None = None
) -> ClassSpec:
    """Returns the spec of a requested dataset.

    Args:
        name: The class name; the dataset is registered under the module's name.
        task: The task of the models that it is for; None for text-classification.
        kind: One of `KINDS`.
        layout: The project's folders; None for the defaults.

    Raises:
        InvalidNameError: A dataset cannot have this name.
        UnknownChoiceError: There is no such task or kind.
    """
    names.check_name(name)
    task = DEFAULT_TASK if task is None else task
    if task not in TASKS:
        raise UnknownChoiceError("task", task, TASKS)
    if kind not in KINDS:
        raise UnknownChoiceError("kind", kind, KINDS, "a dataset")
    answers: dict[str, Value] = {"task": task, "kind": kind}
    layout = layout or Layout()
    return ClassSpec(name, DATASET, "", layout=layout, data=answers, is_dataset=True)


def third_party_spec(
    name: str,
    template: str,
    arch: str | None,
    target: str,
    settings: Mapping[str, str],
    layout: Layout,
) -> ClassSpec:
    """Returns the spec of a model from a third-party template.

    Raises:
        InvalidNameError: A model cannot have this name.
    """
    names.check_name(name)
    return ClassSpec(name, template, arch or "", target, layout, dict(settings))
