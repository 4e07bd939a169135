"""How a model calls a module, and finds its logits in what the module returns."""

from typing import NamedTuple


class ModuleInterface(NamedTuple):
    """How to call a module, as a trial has found it out."""

    access: tuple[str, ...] = ()
    """Where the output is: nothing, or how and by which name: `key`, `logits`."""
    is_squeezed: bool = False
    """Whether the output has one dimension too many, the last, of size 1."""
    is_transposed: bool = False
    """Whether the classes come before the tokens: (batch, classes, sequence)."""
    is_single: bool = False
    """Whether it returns one logit for two classes."""
    are_probabilities: bool = False
    """Whether it returns probabilities."""
    mask: str = ""
    """The argument that takes the mask of padding, if any."""
    mask_kind: str = ""
    """The form in which it takes the mask."""
    is_mask_positional: bool = False
    """Whether the mask is passed by position."""
    more_masks: tuple[str, ...] = ()
    """Further arguments that take the same mask."""
    unset: tuple[str, ...] = ()
    """Required masks that are given None."""
    target: str = ""
    """The argument that takes a decoder's tokens; empty if it is the second."""
    target_mask: str = ""
    """The argument that takes the mask of later tokens, if it needs one."""
    target_mask_kind: str = ""
    """The form in which it takes that mask."""
    is_pooled: bool = False
    """Whether the model has to take the mean over tokens."""
    is_normalized: bool = False
    """Whether its embeddings have length 1."""
    width: int = 0
    """The dimension of its embeddings; 0 for other tasks."""
    is_lazy: bool = False
    """Whether it has layers that get their sizes from the first batch."""
    is_colored: bool = False
    """Whether it takes images of three channels where the data has one."""
    is_sequence_first: bool = False
    """Whether it takes tokens as (sequence, batch)."""
