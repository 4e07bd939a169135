"""Classifiers of two classes that return one logit for both."""

import torch


def as_two_classes(logits: torch.Tensor) -> torch.Tensor:
    """Returns a logit for each of two classes, with the same probabilities.

    The softmax of (0, x) is (1 - sigmoid(x), sigmoid(x)).

    Args:
        logits: (batch,) or (batch, 1) float.

    Returns:
        (batch, 2), of which the first are 0.
    """
    ones = logits.reshape(-1)
    return torch.stack([torch.zeros_like(ones), ones], dim=-1)


def is_single(logits: torch.Tensor) -> bool:
    """Whether there is one number for each sample: (batch,) or (batch, 1)."""
    return logits.ndim == 1 or logits.shape[1:] == (1,)
