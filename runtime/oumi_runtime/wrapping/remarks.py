"""What the user should know about a module that can be wrapped."""

import torch
from torch import nn

from oumi_runtime.core.models.layer_types import EMBEDDINGS
from oumi_runtime.wrapping.outputs import Found, is_of_a_sigmoid


def vocabulary(net: nn.Module, wanted: int) -> tuple[int, list[str]]:
    """Returns how many tokens a module knows, and a note if these are not as many.

    Args:
        net: The module.
        wanted: The size of the vocabulary of the data.
    """
    tables = [each for each in net.modules() if isinstance(each, EMBEDDINGS)]
    if not tables:
        note = (
            "it has no nn.Embedding or nn.EmbeddingBag, so set tokenizer_name in the "
            "config"
        )
        return wanted, [note]
    rows = tables[0].num_embeddings
    if rows == wanted:
        return rows, []
    note = (
        f"its first nn.{type(tables[0]).__name__} has {rows:,} rows, so the vocabulary "
        "will be as large; if it is not the table of the tokens, make that one first"
    )
    return rows, [note]


def padding(net: nn.Module, what: str, mask: str) -> str:
    """Says that padding changes what a module computes, and what to do.

    Args:
        net: The module.
        what: Its name.
        mask: The mask that it is given; empty if it takes none.
    """
    start = f"padding changes what {what} computes"
    fails = "the tests of padding will fail"
    if mask:
        return f"{start}, although it is given {mask}: {fails}"
    bags = (each for each in net.modules() if isinstance(each, nn.EmbeddingBag))
    if any(each.padding_idx is None for each in bags):
        return f"{start}: {fails} until its nn.EmbeddingBag has padding_idx=0"
    return (
        f"{start}, and it takes no mask: {fails} until its forward has an "
        "attention_mask, 1 for tokens and 0 for padding"
    )


def probabilities(found: Found) -> tuple[bool, list[str]]:
    """Returns whether a module returns probabilities, and notes about it."""
    logits = found.logits
    if found.is_single:
        if not is_of_a_sigmoid(logits):
            return False, []
        note = (
            "it returns a probability, of which the model takes the logit; it is more "
            "exact to leave the sigmoid out"
        )
        return True, [note]
    if logits.dim() == 1 or logits.shape[-1] < 2:
        return False, []
    values = logits.detach()
    sums = values.sum(dim=-1)
    if bool((values < 0).any()) or bool((values > 1).any()):
        return False, []
    if torch.allclose(sums, torch.ones_like(sums), atol=1e-3):
        note = (
            "it returns probabilities, of which the model takes the logarithm; leave "
            "its softmax out, and run this again with --force: the loss has one, and a "
            "test will fail until then"
        )
        return True, [note]
    note = (
        "all that it returns is between 0 and 1: if its last layer is a sigmoid, leave "
        "it out, since the loss takes logits"
    )
    return False, [note]


def is_normalized(found: Found) -> bool:
    """Whether embeddings of texts have length 1 already."""
    lengths = found.logits.detach().norm(dim=-1)
    return not found.is_pooled and torch.allclose(
        lengths, torch.ones_like(lengths), atol=1e-4
    )
