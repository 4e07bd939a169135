"""What the logits of a row mean, as the labels tell that the loss of a model takes."""

from collections.abc import Mapping
from enum import StrEnum

import torch
from torch import nn

from oumi_runtime.core.models.targets import tried_outputs

_LABELS = "labels"


class LogitMeaning(StrEnum):
    """What logits (batch, n, ...) are, for n above 1."""

    CLASSES = "classes"
    """One class of n applies to each row."""
    LABELS = "labels"
    """Each of n labels applies to a row or not, whatever the others do."""
    VALUES = "values"
    """They are numbers, of a regression."""


def logit_meaning(model: nn.Module, inputs: Mapping[str, torch.Tensor]) -> LogitMeaning:
    """Finds what the logits of a model are by giving labels to it.

    Cross-entropy takes the number of a class for each row. Binary cross-entropy takes
    only as many numbers as there are logits, in which it is linear, and the losses of
    regression are not. Cross-entropy with probabilities is 0 where these are. Of logits
    with more dimensions, such as pixels, only a loss that is a distance from the labels
    tells that they are values.

    Args:
        model: A model in evaluation mode, with logits (batch, n, ...).
        inputs: What it predicts from, (batch, ...) each.

    Returns:
        The meaning; classes if its loss takes neither.
    """
    rows = tried_outputs(model, inputs).get("logits")
    if rows is None or rows.ndim < 2:
        return LogitMeaning.CLASSES
    # With as many rows as logits, or one, either kind of labels might be taken.
    count = 3 if rows.shape[1] == 2 else 2
    index = torch.arange(count, device=rows.device) % len(rows)
    few = {name: column[index] for name, column in inputs.items()}
    logits = rows[index]
    if rows.ndim > 2:
        is_distance = _is_distance(model, few, logits)
        return LogitMeaning.VALUES if is_distance else LogitMeaning.CLASSES
    numbers = torch.zeros(count, dtype=torch.int64, device=rows.device)
    if _loss(model, few, numbers) is not None:
        return LogitMeaning.CLASSES
    if _loss(model, few, torch.zeros_like(logits)) == 0:
        return LogitMeaning.CLASSES  # It takes the probabilities of classes.
    most = float(2 * logits.abs().max() + 2)
    for low, high in ((-most, most), (0.0, 1.0)):  # Of probabilities, only the latter.
        found = [
            _loss(model, few, torch.full_like(logits, value))
            for value in (low, (low + high) / 2, high)
        ]
        losses = [loss for loss in found if loss is not None]
        if len(losses) == 3:
            bend = abs(losses[0] + losses[2] - 2 * losses[1])
            is_linear = bend <= 1e-3 * max(map(abs, losses))
            return LogitMeaning.LABELS if is_linear else LogitMeaning.VALUES
    return LogitMeaning.CLASSES


def _is_distance(
    model: nn.Module, inputs: Mapping[str, torch.Tensor], logits: torch.Tensor
) -> bool:
    """Whether the loss is least where labels equal the logits, and alike around them.

    An overlap of regions, which also takes a number for each pixel, is not.
    """
    losses = [_loss(model, inputs, logits + step) for step in (-1.0, 0.0, 1.0)]
    if None in losses:
        return False
    below, here, above = (loss for loss in losses if loss is not None)
    return here < below and abs(below - above) <= 1e-3 * abs(below)


def _loss(
    model: nn.Module, inputs: Mapping[str, torch.Tensor], labels: torch.Tensor
) -> float | None:
    """Returns the loss with these labels; None if there is none that is finite."""
    loss = tried_outputs(model, {**inputs, _LABELS: labels}).get("loss")
    if loss is None or loss.numel() != 1 or not loss.isfinite():
        return None
    return float(loss)
