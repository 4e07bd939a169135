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
        "a layer drops out at two places or three by one module; where one place is "
        "left out, the module still acts at the others",
    ),
    Excuse(
        ("hidden_dim_written_in",),
        ("causal-lm/transformer", "seq2seq/transformer"),
        "the embedding's scale stays that of the default width, and the first norm "
        "undoes it: the layers' shapes still follow the argument",
    ),
    Excuse(
        ("one_layer_fewer", "one_layer_more"),
        ("*/mlp",),
        "a perceptron may count its first layer, or its last, as one of them",
    ),
    Excuse(
        ("loss_unstable",),
        ("embedding/*",),
        "no fault here: similarities lie within -20 and 20, where neither exp nor log "
        "overflows, and what is masked at -1e4 is never a target",
    ),
    Excuse(
        ("positions_all_zero",),
        ("causal-lm/transformer",),
        "a causal mask alone tells a decoder of two layers the positions (NoPE, "
        "Kazemnejad et al. 2023); the model is another one, and learns",
    ),
    Excuse(
        ("pooled_from_the_first",),
        ("text-classification/transformer", "embedding/transformer"),
        "no fault here: attention brings every token to the first, as in BERT",
    ),
    Excuse(
        ("similarity_transposed",),
        ("embedding/*",),
        "each target finds its text, in place of each text its target: as good a "
        "contrast, and the other half of CLIP's",
    ),
    Excuse(
        ("activation_forgotten",),
        ("causal-lm/stub", "seq2seq/stub"),
        "no fault that could be seen: between an embedding and its own transpose a "
        "linear layer is of use",
    ),
    Excuse(
        ("activation_forgotten",),
        ("image-classification/cnn",),
        "the pooling between the convolutions is not linear either",
    ),
    Excuse(
        ("numbers_of_half_precision",),
        ("image-classification/mlp",),
        "pixels that are rounded to 11 bits change the logits by less than is told "
        "from rounding",
    ),
    Excuse(
        ("autocast_written_in",),
        ("embedding/transformer",),
        "attention that is rounded to 8 bits changes an embedding of length 1 by less "
        "than is told from rounding",
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
