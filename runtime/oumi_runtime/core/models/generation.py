"""Writes the likeliest target of a text, token by token."""

from collections.abc import Mapping

import torch
from torch import nn


@torch.no_grad()
def greedy_target(
    model: nn.Module, inputs: Mapping[str, torch.Tensor], length: int
) -> torch.Tensor:
    """Takes the likeliest token after those before, again and again.

    Args:
        model: Its forward takes the inputs and `decoder_input_ids`, which begin with 0,
            and returns `logits` (batch, sequence, vocabulary).
        inputs: A batch without labels, `input_ids` among them.
        length: Tokens to write; a token 0 ends a target, and what follows it means
            nothing.

    Returns:
        Token ids, (batch, length) int64.
    """
    ids = inputs["input_ids"].new_zeros(len(inputs["input_ids"]), 1)
    for _ in range(length):
        logits = model(**inputs, decoder_input_ids=ids)["logits"]
        ids = torch.cat([ids, logits[:, -1:].argmax(dim=-1)], dim=1)
    return ids[:, 1:]
