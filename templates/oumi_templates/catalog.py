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


class Yardstick(NamedTuple):
    """What a task is measured by on its validation data, and what needs no model."""

    metric: str
    """As the config's metrics function calls it."""
    baseline: float
    """What the trivial prediction reaches, as measured with Python 3.11's library."""
    trivial: str
    """That prediction, in words."""
    lower_is_better: bool = False


class Architecture(NamedTuple):
    """One body that a task's model can be generated with."""

    name: str
    summary: str
    margin: float
    """By how much its config, as generated, has to beat the task's baseline."""


class Task(NamedTuple):
    """One kind of problem; its generated files come from one template folder."""

    name: str
    summary: str
    yardstick: Yardstick
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


_LARGEST_CLASS = "always the largest class"

_TEXT_CLASSIFICATION = Task(
    name="text-classification",
    summary="the class of each text",
    yardstick=Yardstick("accuracy", 0.26, _LARGEST_CLASS),
    architectures=(
        Architecture("stub", "a linear layer on mean-pooled embeddings", 0.4),
        Architecture("mlp", "an MLP on mean-pooled embeddings", 0.4),
        Architecture("cnn", "max-pooled convolutions over 1, 3 and 5 tokens", 0.4),
        Architecture("transformer", "a mean-pooled transformer encoder", 0.4),
    ),
    targets=("runtime", "oumi"),
)

_TOKEN_CLASSIFICATION = Task(
    name="token-classification",
    summary="the class of each token of a text",
    yardstick=Yardstick("accuracy", 0.47, _LARGEST_CLASS),
    architectures=(
        Architecture("stub", "a linear layer on three token embeddings", 0.4),
        Architecture("mlp", "an MLP on a window of token embeddings", 0.4),
        Architecture("cnn", "convolutions with residual connections", 0.4),
        Architecture("transformer", "a transformer encoder", 0.4),
    ),
)

_CAUSAL_LM = Task(
    name="causal-lm",
    summary="each token of a text, from those before it",
    yardstick=Yardstick("bits_per_byte", 4.52, "the frequency of each byte", True),
    architectures=(
        Architecture("stub", "an MLP on the last token embedding", 0.5),
        Architecture("mlp", "an MLP on a window of token embeddings", 0.9),
        Architecture("cnn", "dilated causal convolutions", 0.8),
        Architecture("transformer", "a decoder-only transformer", 0.6),
    ),
)

_SEQ2SEQ = Task(
    name="seq2seq",
    summary="a target text from a source text",
    yardstick=Yardstick("chrf", 0.11, "the best of the frequent texts, always"),
    architectures=(
        Architecture("stub", "an MLP on the last token and the means of both texts", 0.01),
        Architecture("transformer", "an encoder-decoder transformer", 0.01),
    ),
)

_IMAGE_CLASSIFICATION = Task(
    name="image-classification",
    summary="the class of each image",
    yardstick=Yardstick("accuracy", 0.14, _LARGEST_CLASS),
    architectures=(
        Architecture("stub", "one hidden layer on the pixels", 0.7),
        Architecture("mlp", "an MLP with residual connections", 0.7),
        Architecture("cnn", "two convolutions with pooling, and an MLP", 0.7),
        Architecture("transformer", "a vision transformer", 0.5),
    ),
    targets=("runtime", "oumi"),
)

_TABULAR_CLASSIFICATION = Task(
    name="tabular-classification",
    summary="the class of each row of a table",
    yardstick=Yardstick("accuracy", 0.14, _LARGEST_CLASS),
    architectures=(
        Architecture("stub", "a linear layer on the features", 0.7),
        Architecture("mlp", "an MLP with residual connections", 0.7),
        Architecture("transformer", "a transformer with a token for each feature", 0.7),
    ),
)

_TABULAR_REGRESSION = Task(
    name="tabular-regression",
    summary="a number for each row of a table",
    yardstick=Yardstick("r2", 0.0, "always the mean"),
    architectures=(
        Architecture("stub", "a linear layer on the features", 0.6),
        Architecture("mlp", "an MLP with residual connections", 0.7),
        Architecture("transformer", "a transformer with a token for each feature", 0.7),
    ),
)

_EMBEDDING = Task(
    name="embedding",
    summary="similar vectors for matching texts",
    yardstick=Yardstick("recall@10", 0.02, "ten of the texts at random"),
    architectures=(
        Architecture("stub", "a linear layer on mean-pooled embeddings", 0.15),
        Architecture("mlp", "an MLP on mean-pooled embeddings", 0.15),
        Architecture("cnn", "a max-pooled convolution over 3 tokens", 0.15),
        Architecture("transformer", "a mean-pooled transformer encoder", 0.15),
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
