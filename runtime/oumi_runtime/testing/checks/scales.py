"""Checks of initial weights and losses, and of the range of outputs."""

import math

import torch
from torch import nn

from oumi_runtime.testing.case import Batch, ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError
from oumi_runtime.testing.measuring import (
    Probe,
    enlarged,
    listing,
    logits_of,
    loss_of,
    outputs_of,
    perturbed,
    terms_of,
)
from oumi_runtime.testing.needs import class_labels, labels, logits
from oumi_runtime.testing.references import reference_losses

# Logits that are all nearly zero look alike whatever is done to them.
_SPREAD = 0.2
_SMALL_LOGITS = 5.0
_WEIGHT_FACTORS = (30.0, 1000.0)
_MOST_SEEDS = 16
# The usual starts are all below 1; an embedding's is 1.
_LARGEST_START = 2.0


@check(needs=[class_labels])
def check_fresh_model_guesses(case: ModelCase) -> None:
    """Catches an initial loss that is higher, or lower, than that of guessing.

    For example weights that start too large, logits multiplied by a constant, outputs
    computed from the labels, or a loss that is summed.

    If it fails, print the logits of a fresh model: they should be small compared to 1.
    """
    losses, classes = [], 0
    for seed in range(3):
        batch = case.batch(32, seed)
        model = case.model(seed=seed)
        with torch.no_grad():
            losses.append(_loss_of_guesses(case, model, batch).item())
        logits = logits_of(model, case.inputs(32, seed))
        classes = _classes_of(logits, batch["labels"])
    mean, guess = sum(losses) / len(losses), math.log(max(2, classes))
    if not abs(mean - guess) < 0.25 * guess + 0.35:
        raise CheckFailedError(
            f"a fresh model has a loss of {mean:.3g}, but guessing among {classes} "
            f"classes has ln({classes}) = {guess:.3g}: do the weights start too large, "
            "or does the loss know the labels?"
        )


def _classes_of(logits: torch.Tensor, labels: torch.Tensor) -> int:
    """Returns their number: the last dimension, or the second as torch takes them."""
    if logits.ndim == 1:
        return 2
    is_second = logits.ndim == labels.ndim + 1 and logits.shape[:-1] != labels.shape
    return logits.shape[1 if is_second else -1]


def _loss_of_guesses(case: ModelCase, model: nn.Module, batch: Batch) -> torch.Tensor:
    """Returns the loss, or that of the criterion alone if the loss has other terms."""
    outputs = outputs_of(model, batch)
    if "logits" in outputs and terms_of(outputs):
        for reference in reference_losses(case, outputs["logits"], batch).values():
            return reference
    return loss_of(model, batch)


@check()
def check_weights_start_at_a_usual_size(case: ModelCase) -> None:
    """Catches weights that start so large that training hardly changes them.

    For example `nn.init.normal_(weight, std=20)`: a subsequent norm hides it from the
    output, but steps of the usual size have no effect.

    If it fails, look at what `nn.init` does to the named weights.
    """
    large = [
        f"{name} ({size:.3g})"
        for name, parameter in case.model().named_parameters()
        if parameter.requires_grad and parameter.ndim > 1
        if (size := parameter.detach().square().mean().sqrt().item()) > _LARGEST_START
    ]
    if large:
        raise CheckFailedError(
            f"{listing(large)} starts so large that steps with a usual learning rate "
            "have hardly any effect: initial weights should be below 1"
        )


@check()
def check_every_weight_is_initialised(case: ModelCase) -> None:
    """Catches weights with uninitialised memory.

    For example `nn.Parameter(torch.empty(10, 10))` without a subsequent `nn.init`: its
    values may be zeros one day, and NaN another.

    If it fails, initialise the named weights in the constructor.
    """
    before = torch.get_deterministic_debug_mode()
    # Torch then fills what it does not initialise with NaN, or the largest number.
    torch.set_deterministic_debug_mode("warn")
    try:
        state = case.model().state_dict()
    finally:
        torch.set_deterministic_debug_mode(before)
    raw = [n for n, v in state.items() if v.is_floating_point() and v.isnan().any()]
    if raw:
        raise CheckFailedError(
            f"{listing(raw)} is created by torch.empty or similar, and never "
            "initialised: it contains whatever was in memory"
        )


@check(needs=[class_labels])
def check_logits_are_not_normalised(case: ModelCase) -> None:
    """Catches outputs that are probabilities, or limited to a range.

    For example a softmax, a log-softmax, a sigmoid, a tanh or a relu before the return:
    the loss applies its own softmax to it, so the model learns slowly and never becomes
    confident.

    If it fails, return the last layer's output unchanged.
    """
    logits = logits_of(perturbed(case.model(), _SPREAD), case.inputs(8)).double()
    if logits.ndim < 2 or logits.shape[-1] < 2:
        raise NotApplicableError("there is one logit")
    ones = torch.ones(logits.shape[:-1], dtype=logits.dtype)
    for name, total in (
        ("softmax", logits.sum(-1)),
        ("log_softmax", logits.logsumexp(-1).exp()),
    ):
        if torch.allclose(total, ones, atol=1e-3):
            if name == "log_softmax" and _loss_takes_them_as_they_are(case):
                raise NotApplicableError("the loss takes log-probabilities")
            raise CheckFailedError(
                f"the logits look like those of a {name}: return them unnormalised, "
                "since the loss normalises"
            )
    widest = 0.0
    for factor in _WEIGHT_FACTORS:
        probe = Probe(case, 8)  # In float64 there is room for products of weights.
        enlarged(probe.model, factor)
        widest = max(widest, probe(probe.inputs).abs().max().item())
    if _never_change_sign(case):
        raise CheckFailedError(
            "all logits have the same sign, whatever the weights are: is there a relu "
            "or similar at the end?"
        )
    if widest <= _SMALL_LOGITS:
        raise CheckFailedError(
            f"the logits stay within {widest:.2g} however large the weights are: is "
            "there a sigmoid or a tanh at the end?"
        )


def _loss_takes_them_as_they_are(case: ModelCase) -> bool:
    """Whether the loss falls as all logits of a position grow, as with nll_loss."""
    outputs = outputs_of(perturbed(case.model(), _SPREAD), case.batch(8))
    loss, logits = outputs["loss"], outputs["logits"]
    if not loss.requires_grad:
        return False
    (slope,) = torch.autograd.grad(loss, logits, allow_unused=True)
    return slope is not None and bool(slope.sum() < -0.5 * slope.abs().sum())


@check(needs=[labels, logits])
def check_outputs_can_reach_the_labels(case: ModelCase) -> None:
    """Catches predicted numbers that are limited to a range the labels exceed.

    For example a tanh, a sigmoid or a relu at the end of a regression.

    If it fails, return the last layer's output unchanged; or, if the range is intended,
    scale the labels to it.
    """
    if case.has_class_labels:
        raise NotApplicableError("the labels are classes")
    wanted = case.batch(64)["labels"]
    lowest, highest = wanted.min().item(), wanted.max().item()
    low, high = math.inf, -math.inf
    for seed in range(_MOST_SEEDS):
        model = enlarged(perturbed(case.model(seed=seed), 1.0), 30.0)
        found = logits_of(model, case.inputs(64))
        low, high = min(low, found.min().item()), max(high, found.max().item())
        if low <= lowest and highest <= high:
            return
    raise CheckFailedError(
        f"the outputs stay within {low:.3g} and {high:.3g} whatever the weights are, "
        f"but the labels range from {lowest:.3g} to {highest:.3g}: is there a sigmoid, "
        "a tanh or a relu at the end?"
    )


def _never_change_sign(case: ModelCase) -> bool:
    """Whether the logits of several models all have the same sign, or are zero."""
    signs = set[float]()
    for seed in range(_MOST_SEEDS):
        model = perturbed(case.model(seed=seed), _SPREAD)
        found = logits_of(model, case.inputs(8))
        signs |= {x.sign().item() for x in (found.min(), found.max())}
        if {1.0, -1.0} <= signs:
            return False
    return True
