"""What is to be generated: a request, checked against the catalogue and filled in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from oumi_scaffold import names
from oumi_scaffold.exceptions import UnknownChoiceError
from oumi_templates.catalog import DEFAULT_TASK, TASKS

# Which package the generated code imports; the first is the default.
RUNTIME, OUMI = "runtime", "oumi"
TARGETS = (RUNTIME, OUMI)


@dataclass(frozen=True)
class Layout:
    """The folders of the user's project that generated files go to."""

    models: str = "models"
    tests: str = "tests"
    configs: str = "configs"


@dataclass(frozen=True)
class ModelSpec:
    """Everything that a model's generated files depend on.

    `settings` are texts still: only the template knows what each of them may be.
    """

    name: str
    task: str
    arch: str
    target: str = RUNTIME
    layout: Layout = field(default_factory=Layout)
    settings: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def template(self) -> str:
        """The id of the template, which is its task's name."""
        return self.task

    @property
    def module_name(self) -> str:
        """The module that the class lives in."""
        return names.module_name(self.name)

    @property
    def answers(self) -> Mapping[str, str]:
        """The template's variables that the request decides.

        The target is left out where it is the default one, since a template for our
        runtime alone need not have the variable.
        """
        answers = {
            "model_name": self.name,
            "module_name": self.module_name,
            "arch": self.arch,
        }
        return answers if self.target == RUNTIME else answers | {"target": self.target}

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
        """The script that writes the config's data, which Oumi has none of."""
        return f"data/prepare_{self.module_name}.py" if self.target == OUMI else None


def model_spec(
    name: str,
    task: str | None = None,
    arch: str | None = None,
    target: str = RUNTIME,
    settings: Mapping[str, str] | None = None,
) -> ModelSpec:
    """Returns the spec of a requested model.

    Args:
        name: The class name, which is also the name it is registered under.
        task: A task of the catalogue; None for text-classification.
        arch: An architecture of that task; None for the task's first.
        target: One of `TARGETS`.
        settings: Constructor arguments by name, and the texts of their defaults.

    Raises:
        InvalidNameError: A model cannot have this name.
        UnknownChoiceError: There is no such task or target, or the task has no such
            architecture.
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
    if target not in TARGETS:
        raise UnknownChoiceError("target", target, TARGETS)
    return ModelSpec(name, chosen.name, arch, target, settings=dict(settings or {}))
