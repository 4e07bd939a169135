"""Checks of models that embed pairs: the labels are the tokens of the other text.

They apply to models that return `embeddings` and, with labels, `target_embeddings`.
"""

import math

import torch
from torch import nn

from oumi_runtime.testing.case import ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError
from oumi_runtime.testing.measuring import (
    in_double,
    is_logarithm,
    loss_of,
    outputs_of,
    perturbed,
    require_equal,
)
from oumi_runtime.testing.references import close

_TARGETS = "target_embeddings"


def pairs(case: ModelCase) -> str:
    """Embeddings of both halves of a pair."""
    outputs = outputs_of(case.model(), case.batch(2))
    is_pair = {"embeddings", _TARGETS} <= outputs.keys()
    has_tokens = case.labels is not None and case.labels.ndim == 2
    is_of_texts = has_tokens and case.has_class_labels
    return "" if is_pair and is_of_texts else "the model embeds no pairs"


def pairs_of_texts(case: ModelCase) -> str:
    """Pairs of which both halves are texts, so that one can be its own target."""
    if reason := pairs(case):
        return reason
    return "" if len(case.tokens) == 1 else "the pairs are not of two texts"


def pairs_of_one_encoder(case: ModelCase) -> str:
    """Pairs of texts that the same weights embed."""
    if reason := pairs_of_texts(case):
        return reason
    names = [_weights_of(case, output) for output in ("embeddings", _TARGETS)]
    is_apart = bool(names[1]) and names[0] != names[1]
    return "each half of a pair has weights of its own" if is_apart else ""


@check(needs=[pairs_of_one_encoder])
def check_both_halves_of_a_pair_are_embedded_alike(case: ModelCase) -> None:
    """Catches a target that is embedded differently from the text.

    For example a target whose padding, -100, is read as tokens, or one that is not
    normalised.

    If it fails, embed both with the same function, with a mask for each.
    """
    model, batch = perturbed(case.model()), _with_itself(case)
    outputs = outputs_of(model, batch)
    require_equal(
        outputs["embeddings"],
        outputs[_TARGETS],
        "a text that is its own target has two different embeddings: is the target's "
        "padding, -100, masked, and are both normalised?",
    )


@check(needs=[pairs])
def check_matching_pairs_have_the_lowest_loss(case: ModelCase) -> None:
    """Catches a contrastive loss with the wrong targets.

    For example the labels `arange(1, n + 1)`, a similarity with the wrong sign, or a
    softmax in which each text is its own only candidate; or a `logit_scale` that is a
    logarithm, but is used without its exponential.

    If it fails, look at the correct entry of each row in the similarity matrix, and at
    the sign of the similarity.
    """
    _require_logarithms_be_undone(case)
    if reason := pairs_of_one_encoder(case):
        raise NotApplicableError(reason)
    model, batch = perturbed(case.model()), _with_itself(case, 8)
    with torch.no_grad():
        own = loss_of(model, batch).item()
        for turn in range(1, 8):
            turned = batch["labels"].roll(turn, 0)
            other = loss_of(model, {**batch, "labels": turned}).item()
            if not own < other:
                raise CheckFailedError(
                    f"texts paired with themselves have a loss of {own:.4g}, and "
                    f"paired with the one {turn} rows on {other:.4g}, although a text "
                    "is nearest to itself: is the right entry of the similarity found, "
                    "with the right sign?"
                )


@check(needs=[pairs])
def check_equal_pairs_have_the_loss_of_guessing(case: ModelCase) -> None:
    """Catches a contrastive loss that is summed, scaled, or has wrong candidates.

    For example a sum over the batch. If all pairs of a batch are equal, all n targets
    are equally likely, and a contrastive loss (InfoNCE) is ln(n).

    If it fails, look at the reduction, and at what is masked in the similarity.
    """
    criterion = getattr(case.make_model_class, "criterion", None)
    if "contrast" not in (getattr(criterion, "__doc__", None) or "").lower():
        raise NotApplicableError("the criterion's docstring tells of no contrast")
    for size in (4, 7):
        batch = {name: column[:1] for name, column in case.batch(4).items()}
        equal = {n: c.expand(size, *c.shape[1:]).clone() for n, c in batch.items()}
        with torch.no_grad():
            loss = loss_of(perturbed(case.model()), equal)
        if not close(loss, torch.tensor(math.log(size))):
            raise CheckFailedError(
                f"the loss of {size} equal pairs is {loss.item():.4g} instead of "
                f"ln({size}) = {math.log(size):.4g}: is it the mean over the pairs?"
            )


@check(needs=[pairs])
def check_order_of_pairs_does_not_matter(case: ModelCase) -> None:
    """Catches a contrastive loss that depends on the order of pairs in the batch.

    For example sorted targets, or a triangular mask of the similarities.

    If it fails, look for what depends on the row number, apart from the diagonal.
    """
    model, batch = perturbed(case.model()), case.batch(6)
    order = torch.tensor([4, 2, 0, 5, 1, 3])
    shuffled = {name: column[order] for name, column in batch.items()}
    with torch.no_grad():
        before, after = loss_of(model, batch), loss_of(model, shuffled)
    if not close(before, after):
        raise CheckFailedError(
            f"the loss of six pairs is {before.item():.4g}, but {after.item():.4g} in "
            "another order"
        )


@check(needs=[pairs])
def check_pairs_without_a_target_do_not_count(case: ModelCase) -> None:
    """Catches rows without a target that still count as candidates, or in the mean.

    For example a last batch that is padded with rows of -100.

    If it fails, exclude such rows from the similarities and from the mean.
    """
    batch = case.batch(6)
    fewer = {**batch, "labels": batch["labels"].clone()}
    fewer["labels"][4:] = case.ignore_index
    kept = {name: column[:4] for name, column in batch.items()}
    # A candidate unlike all others is not seen; so all are made alike, and opposites.
    losses = [
        (loss_of(model, fewer).detach(), loss_of(model, kept).detach())
        for model in (perturbed(case.model()), _indifferent(case))
    ]
    losses += _losses_of_opposites(case, fewer["labels"], kept["labels"])
    for found, expected in losses:
        if not close(found, expected):
            raise CheckFailedError(
                f"the loss of four pairs is {expected.item():.4g}, but with two rows "
                f"whose target is {case.ignore_index} throughout it is "
                f"{found.item():.4g}: do they count as candidates, or in the mean?"
            )


@check(needs=[pairs])
def check_every_target_token_matters(case: ModelCase) -> None:
    """Catches a part of the target that is not read, and padding that is read.

    For example `labels[:, 1:]`, or the mask of the text used for the target.

    If it fails, look at what the target's embedding is computed from.
    """
    model, batch = perturbed(case.model()).double(), in_double(case.batch(6))
    usual = outputs_of(model, batch)[_TARGETS]
    labels = batch["labels"]
    for place in range(labels.shape[1]):
        read = labels[:, place] >= 0
        changed = labels.clone()
        changed[read, place] = labels[read, place].roll(1).add(1) % (labels.max() + 1)
        found = outputs_of(model, {**batch, "labels": changed})[_TARGETS]
        is_other = changed[:, place] != labels[:, place]
        moved = (usual - found).abs().amax(1) > 1e-10
        if (is_other & ~moved).sum() > (is_other.sum() // 2):
            raise CheckFailedError(
                f"the labels at position {place} do not change the target's embedding"
            )
    longer = torch.full((6, 3), case.ignore_index)
    padded = {**batch, "labels": torch.cat([labels, longer], 1)}
    require_equal(
        usual,
        outputs_of(model, padded)[_TARGETS],
        "more padding of the labels changes the target's embedding: is -100 masked?",
    )


def _weights_of(case: ModelCase, output: str) -> set[str]:
    """Returns the names of the parameters that an output is computed with."""
    model = perturbed(case.model())
    found = outputs_of(model, case.batch(2))[output]
    if not found.requires_grad:
        return set()
    names, parameters = zip(*model.named_parameters(), strict=True)
    gradients = torch.autograd.grad(found.sum(), parameters, allow_unused=True)
    return {
        name
        for name, gradient in zip(names, gradients, strict=True)
        if gradient is not None
    }


@torch.no_grad()
def _require_logarithms_be_undone(case: ModelCase) -> None:
    """Fails if a negative log scale reverses the similarity.

    The criterion is called with pairs of equal embeddings.
    """
    model, batch = case.model(), case.batch(4)
    labels = batch["labels"].clone()
    labels[:, 0] = labels[:, 0].clamp(min=0)
    for name, parameter in model.named_parameters():
        if parameter.numel() != 1 or not is_logarithm(name):
            continue
        parameter.fill_(-1.0)
        width = outputs_of(model, batch)["embeddings"].shape[-1]
        own = torch.eye(4, max(width, 4))
        try:
            losses = [model.criterion(own, x, labels) for x in (own, own.roll(1, 0))]  # type: ignore[operator]
        except (AttributeError, TypeError, RuntimeError, ValueError):
            return
        if losses[0] > losses[1]:
            raise CheckFailedError(
                f"where {name} is negative, unlike pairs have the lower loss: is exp "
                "forgotten?"
            )


@torch.no_grad()
def _losses_of_opposites(
    case: ModelCase, *several: torch.Tensor
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Returns the losses of texts whose embeddings are opposite to all targets.

    A target that was set to 0 rather than left out would then be the nearest one.

    Returns:
        One pair of losses; none if the criterion does not take embeddings, targets and
        labels.
    """
    model = case.model()
    width = outputs_of(model, case.batch(2))["embeddings"].shape[-1]
    losses: list[torch.Tensor] = []
    for labels in several:
        ones = torch.ones(labels.shape[0], width) / width**0.5
        try:
            losses.append(model.criterion(ones, -ones, labels))  # type: ignore[operator]
        except (AttributeError, TypeError, RuntimeError, ValueError):
            return []
    return [(losses[0], losses[1])]


@torch.no_grad()
def _indifferent(case: ModelCase) -> nn.Module:
    """Returns a model that maps all texts to the same embedding."""
    model = perturbed(case.model())
    for parameter in model.parameters():
        if parameter.ndim > 1:
            parameter.zero_()
    return model


def _with_itself(case: ModelCase, size: int = 4) -> dict[str, torch.Tensor]:
    """Returns a batch in which every text is its own target."""
    batch, tokens = case.batch(size), case.tokens[0]
    labels = batch[tokens.ids].clone()
    if tokens.mask:
        labels[batch[tokens.mask] == 0] = case.ignore_index
    return {**batch, "labels": labels}
