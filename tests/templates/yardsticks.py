"""How the models of each task are measured, and what needs no model reaches."""

from collections.abc import Mapping
from typing import NamedTuple


class Yardstick(NamedTuple):
    """How a task's models are measured after a short training."""

    metric: str
    """As the config's metrics function calls it."""
    baseline: float
    """What a trivial prediction reaches, as measured with Python 3.11's library."""
    margins: Mapping[str, float]
    """By how much each architecture's config, as generated, has to beat that."""
    lower_is_better: bool = False


YARDSTICKS = {
    "text-classification": Yardstick(
        "accuracy",
        0.26,  # always the largest class
        {"stub": 0.4, "mlp": 0.4, "cnn": 0.4, "transformer": 0.4},
    ),
    "token-classification": Yardstick(
        "accuracy",
        0.47,  # always the largest class
        {"stub": 0.4, "mlp": 0.4, "cnn": 0.4, "transformer": 0.4},
    ),
    "causal-lm": Yardstick(
        "bits_per_byte",
        4.52,  # the frequency of each byte
        {"stub": 0.5, "mlp": 0.9, "cnn": 0.8, "transformer": 0.6},
        lower_is_better=True,
    ),
    "seq2seq": Yardstick(
        "chrf",
        0.11,  # the best of the frequent texts, always
        {"stub": 0.01, "transformer": 0.01},
    ),
    "image-classification": Yardstick(
        "accuracy",
        0.14,  # always the largest class
        {"stub": 0.7, "mlp": 0.7, "cnn": 0.7, "transformer": 0.5},
    ),
    "tabular-classification": Yardstick(
        "accuracy",
        0.14,  # always the largest class
        {"stub": 0.7, "mlp": 0.7, "transformer": 0.7},
    ),
    "tabular-regression": Yardstick(
        "r2",
        0.0,  # always the mean
        {"stub": 0.6, "mlp": 0.7, "transformer": 0.7},
    ),
    "embedding": Yardstick(
        "recall@10",
        0.02,  # ten of the texts at random
        {"stub": 0.15, "mlp": 0.15, "cnn": 0.15, "transformer": 0.15},
    ),
}
