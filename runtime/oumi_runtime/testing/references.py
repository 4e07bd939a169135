"""Computes the expected loss of a model from its outputs and labels."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import StandardScaler
from oumi_runtime.core.models.base_model import BaseModel
from oumi_runtime.testing.case import Batch, ModelCase

Criterion = Callable[..., torch.Tensor]

# Names of losses in the docstrings of criterions.
_FORMULAS: dict[str, Criterion] = {
    "cross-entropy": F.cross_entropy,
    "cross entropy": F.cross_entropy,
    "mean squared error": F.mse_loss,
    "mean absolute error": F.l1_loss,
}
_ALTERED = ("smooth", "weight", "focal", "masked", "scaled", "binary")


def close(left: torch.Tensor, right: torch.Tensor) -> bool:
    """Whether two losses are equal up to rounding errors."""
    return torch.allclose(left.double(), right.double(), rtol=2e-4, atol=1e-5)


def counted_targets(case: ModelCase, batch: Batch) -> int:
    """Returns the number of targets over which a batch's loss is averaged."""
    targets = batch["labels"]
    if targets.is_floating_point():
        return 1
    if targets.ndim == 2 and case.label_shift:
        targets = targets[:, case.label_shift :]
    return int((targets >= 0).sum())


def reference_losses(
    case: ModelCase, logits: torch.Tensor, batch: Batch
) -> dict[str, torch.Tensor]:
    """Computes the losses that are right for the outputs.

    The labels are shifted exactly as far as the batch requires. The loss is the formula
    that the criterion's docstring names; or else the criterion itself, called with
    logits or log-probabilities and the labels aligned with them.

    Returns:
        Scalars, each with a description. Empty if the criterion cannot be called so.
    """
    targets = batch["labels"]
    shift = case.label_shift
    if shift and documented_formula(case) is None:
        whole = _of_a_shifting_criterion(case, logits, targets)
        if whole is not None:
            return {"of the labels as they are, which it shifts": whole}
    name = f"of labels shifted by {shift}" if shift else "of the labels as they are"
    if shift:
        logits, targets = logits[:, :-shift], targets[:, shift:]
    if targets.is_floating_point() and logits.numel() == targets.numel():
        # Never broadcast: (batch, 1) against (batch,) would be (batch, batch).
        logits = logits.reshape(targets.shape)
    elif targets.ndim == 2 and logits.ndim == 3:
        logits, targets = logits.flatten(0, 1), targets.flatten()
    if logits.shape[: targets.ndim] != targets.shape:
        return {}
    found = _losses(case, name, logits.float(), targets)
    for scaler in _label_scalers(case):
        scaled = scaler(logits.float()), scaler(targets)
        found |= _losses(case, f"{name}, standardized", *scaled)
    return found


def _label_scalers(case: ModelCase) -> list[StandardScaler]:
    """Returns the layers with which the model standardizes its labels."""
    return [
        layer
        for layer in case.model().modules()
        if isinstance(layer, StandardScaler)
        and layer.column == "labels"
        and layer.is_fitted
    ]


def _losses(
    case: ModelCase, name: str, logits: torch.Tensor, targets: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Computes the losses of logits and labels that are aligned, with descriptions."""
    formula = documented_formula(case)
    if formula is not None:
        loss = _mean(formula, logits, targets, case.ignore_index)
        return {} if loss is None else {name: loss}
    model = case.model()
    if not isinstance(model, BaseModel):
        return {}
    found: dict[str, torch.Tensor] = {}
    variants = {name: logits, f"{name}, of log-probabilities": logits.log_softmax(-1)}
    for variant, values in variants.items():
        loss = _mean(model.criterion, values, targets, case.ignore_index)
        if loss is not None:
            found[variant] = loss
    first = found.get(name)
    if first is not None and all(close(first, other) for other in found.values()):
        return {name: first}
    return found


def _of_a_shifting_criterion(
    case: ModelCase, logits: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor | None:
    """Returns the loss of a criterion that shifts the labels itself; None if not."""
    model = case.model()
    if not isinstance(model, BaseModel):
        return None
    first = torch.full_like(labels, case.ignore_index)
    first[:, 0] = labels[:, 0].clamp(min=0)
    try:
        alone, other, whole = (
            model.criterion(values, targets)
            for values, targets in ((logits, first), (-logits, first), (logits, labels))
        )
    except (TypeError, ValueError, RuntimeError, IndexError):
        return None
    is_left_out = torch.equal(alone.nan_to_num(), other.nan_to_num())
    return whole if is_left_out and whole.shape == () else None


def documented_formula(case: ModelCase) -> Criterion | None:
    """Returns the loss function that the criterion's docstring names, if any."""
    criterion = getattr(case.make_model_class, "criterion", None)
    said = (getattr(criterion, "__doc__", None) or "").lower()
    if any(word in said for word in _ALTERED):
        return None
    return next((f for name, f in _FORMULAS.items() if name in said), None)


def _mean(
    criterion: Criterion, logits: torch.Tensor, targets: torch.Tensor, ignored: int
) -> torch.Tensor | None:
    """Returns the mean loss of unmasked targets; None if the arguments do not fit."""
    if not targets.is_floating_point():
        logits, targets = logits[targets != ignored], targets[targets != ignored]
    try:
        loss = criterion(logits, targets)
    except (TypeError, ValueError, RuntimeError, IndexError):
        return None
    return loss if loss.shape == () else loss.mean()


@contextmanager
def criterion_spy(model: nn.Module) -> Generator[list[Any]]:
    """Records the calls of a model's criterion within the block."""
    assert isinstance(model, BaseModel)
    calls: list[Any] = []
    original = model.criterion

    def noting(*args: Any, **kwargs: Any) -> torch.Tensor:
        calls.append(args)
        return original(*args, **kwargs)

    own = type(model)
    # `criterion` is a property, so the class has to be replaced.
    spying = type(own.__name__, (own,), {"criterion": property(lambda self: noting)})
    model.__class__ = spying
    try:
        yield calls
    finally:
        model.__class__ = own
