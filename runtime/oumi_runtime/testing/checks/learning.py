"""Checks that the model learns, and that the size of micro-batches does not matter."""

from collections.abc import Iterator

import torch

from oumi_runtime.testing.case import Batch, ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.dropping import with_little_dropout
from oumi_runtime.testing.failures import CheckFailedError
from oumi_runtime.testing.measuring import (
    compute_gradients,
    loss_of,
    perturbed,
    require_equal,
    require_no_terms,
)
from oumi_runtime.testing.needs import labels, logits
from oumi_runtime.testing.references import counted_targets

_OVERFIT_STEPS = 200
_OVERFIT_RATES = (1e-2, 1e-3)
# Labels that are smoothed by 0.1 keep about a quarter of the loss; a softmax before a
# loss that does its own, or a sigmoid, keeps about a half.
_OVERFIT_SHARE = 0.3
# What cannot be known keeps the loss of an autoencoder or a denoiser from 0.
_OVERFIT_SHARE_WITHOUT_LABELS = 0.9


@check()
def check_overfits_one_batch(case: ModelCase) -> None:
    """Catches a model that cannot learn.

    For example a softmax before a loss that applies its own, or weights that start at
    zero.

    If it fails, follow the path from the loss back to the weights: look for activations
    that are always zero, for double normalisation, and for a loss with the wrong sign.
    """
    batch = case.batch(8)
    first = loss_of(with_little_dropout(case.model(training=True)), batch).item()
    best, floor = first, _least_of_shares(case, batch)
    share = _OVERFIT_SHARE
    if case.is_self_supervised:
        share = _OVERFIT_SHARE_WITHOUT_LABELS
    for rate in _OVERFIT_RATES:
        for loss in _losses_while_training(case, batch, rate):
            best = min(best, loss)
            if best < first - (1 - share) * abs(first):
                return
            if floor <= best < first - (1 - share) * (first - floor):
                return
    raise CheckFailedError(
        f"{_OVERFIT_STEPS} steps on one batch of 8 samples bring the loss from "
        f"{first:.3g} to {best:.3g} only: does the gradient reach every layer, and "
        "does the criterion expect logits?"
    )


@check(needs=[labels, logits])
def check_accumulated_gradients_are_those_of_the_batch(case: ModelCase) -> None:
    """Catches a gradient that depends on how a step is divided into micro-batches.

    For example a loss that is divided by a hard-coded number of samples.

    If it fails, look at the loss's divisor: it should be the number of targets that
    count.
    """
    gradients: list[list[torch.Tensor]] = []
    whole = case.batch(6)
    total = counted_targets(case, whole)
    for sizes in ((6,), (2, 4)):
        model, start = perturbed(case.model()), 0
        for size in sizes:
            part = {k: v[start : start + size] for k, v in whole.items()}
            share = counted_targets(case, part) / total if total > 1 else size / 6
            if share:
                compute_gradients(loss_of(model, part) * share)
            start += size
        gradients.append([p.grad for p in model.parameters() if p.grad is not None])
    try:
        for one, other in zip(*gradients, strict=True):
            require_equal(
                one,
                other,
                "the gradients of two micro-batches do not add up to that of the "
                "batch: what is the loss divided by?",
            )
    except CheckFailedError:
        require_no_terms(case.model(), whole)
        raise


def _least_of_shares(case: ModelCase, batch: Batch) -> float:
    """Returns the entropy of labels from 0 to 1, the least possible cross entropy.

    It is 0 for any other labels.
    """
    labels = batch.get("labels")
    if labels is None or case.has_class_labels or labels.min() < 0 or labels.max() > 1:
        return 0.0
    labels = labels.double()
    return (
        -(torch.xlogy(labels, labels) + torch.xlogy(1 - labels, 1 - labels))
        .mean()
        .item()
    )


def _losses_while_training(
    case: ModelCase, batch: Batch, rate: float
) -> Iterator[float]:
    """Trains on one batch, and yields the evaluation loss every 20 steps."""
    model = with_little_dropout(case.model(training=True))
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    for step in range(1, _OVERFIT_STEPS + 1):
        optimizer.zero_grad()
        compute_gradients(loss_of(model.train(), batch))
        optimizer.step()
        if step % 20 == 0:
            with torch.no_grad():
                yield loss_of(model.eval(), batch).item()
