"""What the user should know about a module that can be wrapped."""

import torch
from torch import nn

from oumi_runtime.wrapping.outputs import Found, is_of_a_sigmoid


def vocabulary(net: nn.Module, wanted: int) -> tuple[int, list[str]]:
    """Returns how many tokens a module knows, and a note if these are not as many.

    Args:
        net: The module.
        wanted: The size of the vocabulary of the data.
    """
    tables = [each for each in net.modules() if isinstance(each, nn.Embedding)]
    if not tables:
        note = "it has no nn.Embedding, so set tokenizer_name in the config"
        return wanted, [note]
    rows = tables[0].num_embeddings
    if rows == wanted:
        return rows, []
    note = (
        f"its first nn.Embedding has {rows:,} rows, so the vocabulary will be as "
        "large; if it is not the table of the tokens, make that one first"
    )
    return rows, [note]


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
