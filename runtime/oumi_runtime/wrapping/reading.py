"""What a trial has found out about a module."""

from typing import NamedTuple


class Reading(NamedTuple):
    """How a model has to call the module, and finds its output in what it returns.

    `access` is empty, or how and by which name the output is reached: `key`, `logits`.
    `mask_kind` says as what the mask of the batch is passed; nothing if it is not.
    `more_masks` are given the same mask, and `unset` are given None. `target` is the
    name by which a decoder takes its tokens; nothing if it takes them in second place.
    `width` is the dimension of embeddings, and `is_pooled` whether the module leaves
    the mean over tokens to the model. `is_colored` is whether it takes images of three
    channels where the data has one, and `is_sequence_first` whether it takes tokens as
    (sequence, batch).
    """

    access: tuple[str, ...] = ()
    is_squeezed: bool = False
    is_transposed: bool = False
    is_single: bool = False
    are_probabilities: bool = False
    mask: str = ""
    mask_kind: str = ""
    is_mask_positional: bool = False
    more_masks: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    target: str = ""
    target_mask: str = ""
    target_mask_kind: str = ""
    is_pooled: bool = False
    is_normalized: bool = False
    width: int = 0
    is_lazy: bool = False
    is_colored: bool = False
    is_sequence_first: bool = False
