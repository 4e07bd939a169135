"""The catalogue: which tasks there are, in which architectures, and where the text is.

Facts only, from the standard library only: what a listing shows and what a request is
checked against. Rendering, and the wording of errors, is the scaffold's.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

DEFAULT_TASK = "text-classification"

_ROOT = Path(__file__).parent

COMPILED = _ROOT / "__pycache__"
"""Where compiled templates are kept, beside Python's own."""

CONFIG_SCHEMA = _ROOT / "config.schema.json"
"""The JSON Schema of a training config, as `oumi-scaffold schema` prints it."""


class Architecture(NamedTuple):
    """One body that a task's model can be generated with."""

    name: str
    summary: str


class Task(NamedTuple):
    """One kind of problem; its generated files come from one template folder."""

    name: str
    summary: str
    architectures: tuple[Architecture, ...]

    @property
    def default_architecture(self) -> Architecture:
        """The architecture that a request without one gets: the first."""
        return self.architectures[0]

    @property
    def architecture_names(self) -> tuple[str, ...]:
        """The names that `--arch` takes for this task."""
        return tuple(architecture.name for architecture in self.architectures)


_TEXT_CLASSIFICATION = Task(
    name="text-classification",
    summary="one label for a text, from its token ids",
    architectures=(
        Architecture("stub", "the smallest text model that learns, to be replaced"),
        Architecture("mlp", "token embeddings, mean-pooled, and a perceptron on top"),
    ),
)

_IMAGE_CLASSIFICATION = Task(
    name="image-classification",
    summary="one label for an image, from its pixels",
    architectures=(
        Architecture("stub", "the smallest image model that learns, to be replaced"),
        Architecture("cnn", "two convolutions with pooling, and a perceptron on top"),
    ),
)

TASKS: Mapping[str, Task] = MappingProxyType(
    {task.name: task for task in (_TEXT_CLASSIFICATION, _IMAGE_CLASSIFICATION)}
)


def template_dir(task: str) -> Path:
    """Returns the cookiecutter template folder of a task.

    Args:
        task: A key of `TASKS`.

    Raises:
        KeyError: There is no such task.
    """
    return _ROOT / TASKS[task].name.replace("-", "_")
