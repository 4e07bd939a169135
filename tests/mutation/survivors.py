"""Faults that may survive, where, and why."""

from dataclasses import dataclass
from fnmatch import fnmatch


@dataclass(frozen=True)
class Excuse:
    """Why some faults survive in some models."""

    faults: tuple[str, ...]
    cells: tuple[str, ...]
    """Patterns of `task/arch`."""
    reason: str


EXCUSES: tuple[Excuse, ...] = (
    Excuse(
        ("dropout_never_on", "dropout_forgotten"),
        ("*/transformer",),
        "a layer uses one dropout module at two or three places; if one place is "
        "left out, the module still acts at the others",
    ),
    Excuse(
        ("hidden_dim_written_in",),
        ("causal-lm/transformer", "seq2seq/transformer"),
        "only the embedding's scale stays that of the default width, which the first "
        "norm undoes; the layers' shapes follow the argument",
    ),
    Excuse(
        ("one_layer_fewer", "one_layer_more"),
        ("*/mlp",),
        "a perceptron's layers may be counted with or without the first or the last",
    ),
    Excuse(
        ("loss_unstable",),
        ("embedding/*",),
        "not a fault here: similarities lie between -20 and 20, where neither exp "
        "nor log overflows, and what is masked at -1e4 is never a target",
    ),
    Excuse(
        ("positions_all_zero",),
        ("causal-lm/transformer",),
        "a decoder of two layers can infer positions from the causal mask alone "
        "(NoPE, Kazemnejad et al. 2023); it is a different model, and learns",
    ),
    Excuse(
        ("pooled_from_the_first",),
        ("text-classification/transformer", "embedding/transformer"),
        "not a fault: attention brings every token to the first, as in BERT",
    ),
    Excuse(
        ("similarity_transposed",),
        ("embedding/*",),
        "each target selects its text, rather than each text its target: an equally "
        "good contrast, and the other half of CLIP's",
    ),
    Excuse(
        ("activation_forgotten",),
        ("causal-lm/stub", "seq2seq/stub"),
        "not visible: a linear layer between an embedding and its own transpose is "
        "useful even without an activation",
    ),
    Excuse(
        ("activation_forgotten",),
        ("image-classification/cnn",),
        "the pooling between the convolutions is nonlinear too",
    ),
    Excuse(
        ("numbers_of_half_precision",),
        ("image-classification/mlp",),
        "pixels rounded to 11 bits change the logits by no more than rounding errors "
        "may",
    ),
    Excuse(
        ("autocast_written_in",),
        ("embedding/transformer",),
        "attention rounded to 8 bits changes an embedding of length 1 by no more "
        "than rounding errors may",
    ),
)


def reason(fault: str, task: str, arch: str) -> str | None:
    """Why a fault may survive in a model, or None if it should have been caught."""
    for excuse in EXCUSES:
        if fault in excuse.faults and any(
            fnmatch(f"{task}/{arch}", pattern) for pattern in excuse.cells
        ):
            return excuse.reason
    return None
