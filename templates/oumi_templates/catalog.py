"""The catalogue: which tasks there are, in which architectures, and where the text is.

Facts only, from the standard library only: what a listing shows and what a request is
checked against. Rendering, and the wording of errors, is the scaffold's.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

DEFAULT_TASK = "text-classification"

DATASET = "dataset"
"""The template of a dataset class, which is for any task."""

PROJECT = "project"
"""The template of what a project holds besides models and datasets."""

_ROOT = Path(__file__).parent

COMPILED = _ROOT / "__pycache__"
"""Where compiled templates are kept, beside Python's own."""

CONFIG_SCHEMA = _ROOT / "config.schema.json"
"""The JSON Schema of a training config, as `oumi-scaffold schema` prints it."""

REPORT = _ROOT / "report.html"
"""The Jinja template of the page that `oumi-scaffold report` writes."""


class Architecture(NamedTuple):
    """One body that a task's model can be generated with."""

    name: str
    summary: str


class Task(NamedTuple):
    """One kind of problem; its generated files come from one template folder."""

    name: str
    summary: str
    architectures: tuple[Architecture, ...]
    targets: tuple[str, ...] = ("runtime",)
    """The packages that its code can be written for."""

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
    summary="the class of each text",
    architectures=(
        Architecture("stub", "a linear layer on mean-pooled embeddings"),
        Architecture("mlp", "an MLP on mean-pooled embeddings"),
        Architecture("cnn", "max-pooled convolutions over 1, 3 and 5 tokens"),
        Architecture("transformer", "a mean-pooled transformer encoder"),
    ),
    targets=("runtime", "oumi"),
)

_TOKEN_CLASSIFICATION = Task(
    name="token-classification",
    summary="the class of each token of a text",
    architectures=(
        Architecture("stub", "a linear layer on three token embeddings"),
        Architecture("mlp", "an MLP on a window of token embeddings"),
        Architecture("cnn", "convolutions with residual connections"),
        Architecture("transformer", "a transformer encoder"),
    ),
)

_CAUSAL_LM = Task(
    name="causal-lm",
    summary="each token of a text, from those before it",
    architectures=(
        Architecture("stub", "an MLP on the last token embedding"),
        Architecture("mlp", "an MLP on a window of token embeddings"),
        Architecture("cnn", "dilated causal convolutions"),
        Architecture("transformer", "a decoder-only transformer"),
    ),
)

_SEQ2SEQ = Task(
    name="seq2seq",
    summary="a target text from a source text",
    architectures=(
        Architecture("stub", "an MLP on the last token and the means of both texts"),
        Architecture("transformer", "an encoder-decoder transformer"),
    ),
)

_IMAGE_CLASSIFICATION = Task(
    name="image-classification",
    summary="the class of each image",
    architectures=(
        Architecture("stub", "one hidden layer on the pixels"),
        Architecture("mlp", "an MLP with residual connections"),
        Architecture("cnn", "two convolutions with pooling, and an MLP"),
        Architecture("transformer", "a vision transformer"),
    ),
    targets=("runtime", "oumi"),
)

_TABULAR_CLASSIFICATION = Task(
    name="tabular-classification",
    summary="the class of each row of a table",
    architectures=(
        Architecture("stub", "a linear layer on the features"),
        Architecture("mlp", "an MLP with residual connections"),
        Architecture("transformer", "a transformer with a token for each feature"),
    ),
)

_TABULAR_REGRESSION = Task(
    name="tabular-regression",
    summary="a number for each row of a table",
    architectures=(
        Architecture("stub", "a linear layer on the features"),
        Architecture("mlp", "an MLP with residual connections"),
        Architecture("transformer", "a transformer with a token for each feature"),
    ),
)

_EMBEDDING = Task(
    name="embedding",
    summary="similar vectors for matching texts",
    architectures=(
        Architecture("stub", "a linear layer on mean-pooled embeddings"),
        Architecture("mlp", "an MLP on mean-pooled embeddings"),
        Architecture("cnn", "a max-pooled convolution over 3 tokens"),
        Architecture("transformer", "a mean-pooled transformer encoder"),
    ),
)

TASKS: Mapping[str, Task] = MappingProxyType(
    {
        task.name: task
        for task in (
            _TEXT_CLASSIFICATION,
            _TOKEN_CLASSIFICATION,
            _CAUSAL_LM,
            _SEQ2SEQ,
            _IMAGE_CLASSIFICATION,
            _TABULAR_CLASSIFICATION,
            _TABULAR_REGRESSION,
            _EMBEDDING,
        )
    }
)


TEMPLATES = (*TASKS, DATASET, PROJECT)
"""The built-in templates: that of each task's models, of datasets and of projects."""


def template_dir(name: str) -> Path:
    """Returns a cookiecutter template folder.

    Args:
        name: One of `TEMPLATES`.

    Raises:
        KeyError: There is no such template.
    """
    if name not in TEMPLATES:
        raise KeyError(name)
    return _ROOT / name.replace("-", "_")
