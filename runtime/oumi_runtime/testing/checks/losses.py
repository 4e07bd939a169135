"""Checks of how the loss is computed, and how it is averaged."""

import torch

from oumi_runtime.testing.case import ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError
from oumi_runtime.testing.measuring import (
    listing,
    loss_of,
    outputs_of,
    perturbed,
    require_no_terms,
    terms_of,
)
from oumi_runtime.testing.needs import base_model, class_logits, labels, logits
from oumi_runtime.testing.references import (
    close,
    counted_targets,
    criterion_spy,
    reference_losses,
)

# Logits that are all nearly zero have nearly the same loss whatever is done to them.
_SPREAD = 0.2
_MOST_PLACES = 32  # of a long text; a mistake is seldom at a single one


@check(needs=[base_model])
def check_forward_uses_the_criterion(case: ModelCase) -> None:
    """Catches a loss that is computed without the model's `criterion`.

    For example `F.cross_entropy` called in forward, so that a subclass with another
    criterion is still trained with the old one.

    If it fails, call `self.criterion(...)` in forward, and nothing else.
    """
    model = case.model()
    with criterion_spy(model) as calls:
        loss_of(model, case.batch())
    if not calls:
        raise CheckFailedError(
            "forward computes a loss without model.criterion: call self.criterion, so "
            "that a subclass can have another"
        )


@check(needs=[base_model, labels, logits])
def check_loss_is_the_criterion_of_the_outputs(case: ModelCase) -> None:
    """Catches a loss that is not the criterion of the returned logits and the labels.

    For example labels that are shifted twice, or not at all; a transposed sequence; a
    softmax before a loss that applies its own; an extra term or factor. A further term
    is allowed if it does not depend on the labels, and is an output of its own.

    If it fails, compute `criterion(logits, labels)` by hand from what forward returns:
    the logits at a position are for the label at that position, or at the next one if
    the labels are the input tokens themselves.
    """
    model, batch = perturbed(case.model(), _SPREAD), case.batch(6)
    batches = [batch]
    if not batch["labels"].is_floating_point():
        some = torch.arange(batch["labels"].numel()).view_as(batch["labels"]) % 3 == 0
        fewer = batch["labels"].masked_fill(some, case.ignore_index)
        batches.append({**batch, "labels": fewer})
    if terms_of(outputs_of(model, batch)):
        batches.append({**batch, "labels": batch["labels"].roll(1, 0)})
    found: list[tuple[torch.Tensor, dict[str, torch.Tensor]]] = []
    for each in batches:
        with torch.no_grad():
            loss, logits = loss_of(model, each), outputs_of(model, each)["logits"]
            references = reference_losses(case, logits, each)
        if not references:
            raise NotApplicableError(
                "criterion cannot be called with logits and labels"
            )
        found.append((loss, references))
    if terms_of(outputs_of(model, batch)) and _differ_alike(found):
        return
    for loss, references in found:
        if not any(close(loss, reference) for reference in references.values()):
            wanted = " or ".join(f"{v.item():.4g} {k}" for k, v in references.items())
            raise CheckFailedError(
                f"the loss is {loss.item():.4g}, but criterion(logits, labels) is "
                f"{wanted}: are the labels shifted and ignored correctly, and are the "
                "logits or the loss modified? If the loss has a further term, return "
                "it too, such as 'aux_loss'"
            )


def _differ_alike(found: list[tuple[torch.Tensor, dict[str, torch.Tensor]]]) -> bool:
    """Whether losses are those of the criterion plus a term without the labels."""
    first, references = found[0]
    return any(
        all(close(first - reference + own[name], loss) for loss, own in found)
        for name, reference in references.items()
        if all(name in own for _, own in found)
    )


@check(needs=[class_logits])
def check_labels_meet_their_own_logits(case: ModelCase) -> None:
    """Catches labels that are compared with the logits of another sample or position.

    For example labels that are shifted twice, or not at all; logits that are transposed
    before flattening; a reversed batch.

    If it fails, look at how logits and labels are aligned for the criterion. If the
    labels are the input tokens, the logits at t are for the label at t + 1.
    """
    model, batch = perturbed(case.model(), _SPREAD), case.batch(3)
    whole, shift = batch["labels"], case.label_shift or 0
    if outputs_of(model, batch)["logits"].shape[: whole.ndim] != whole.shape:
        raise NotApplicableError("there is no row of logits for every label")
    places: list[tuple[int, ...]] = [(row,) for row in range(3)]
    if whole.ndim == 2:
        step = max(1, -(-(whole.shape[1] - shift) // _MOST_PLACES))
        places = [(1, place) for place in range(shift, whole.shape[1], step)]
    for place in places:
        if whole[place] < 0:
            continue
        alone = torch.full_like(whole, case.ignore_index)
        alone[place] = whole[place]
        # A decoder reads labels, so that only those that are compared may change.
        outputs = outputs_of(model, {**batch, "labels": alone})
        (gradient,) = torch.autograd.grad(
            outputs["loss"],
            outputs["logits"],
            allow_unused=True,
            materialize_grads=True,
        )
        used = gradient.flatten(whole.ndim).any(-1)
        due = (*place[:-1], place[-1] - shift)
        if not used[due] or used.sum() != 1:
            require_no_terms(model, batch)
            met = listing([str(tuple(index)) for index in used.nonzero().tolist()])
            raise CheckFailedError(
                f"the label at {place} trains the logits at {met or 'no place'}, but "
                f"should train those at {due}: are labels shifted, flattened or sorted "
                "differently from the logits?"
            )


@check(needs=[labels, logits])
def check_loss_is_the_mean_over_targets(case: ModelCase) -> None:
    """Catches a loss that depends on how the samples are divided into batches.

    For example a sum over the batch, a mean that includes padding, a target of shape
    (batch,) broadcast against an output of shape (batch, 1), or labels in another
    order.

    If it fails, look at the reduction, and at the shapes of the criterion's arguments:
    both must contain the same samples in the same order.
    """
    model, batch = perturbed(case.model(), _SPREAD), case.batch(4)
    batches = {"4 samples": batch}
    if case.has_class_labels:  # 0 is a class like any other, and in no batch of texts.
        labels = batch["labels"]
        some = torch.arange(labels.numel()).view_as(labels) % 3 == 0
        zeros = labels.masked_fill(some & (labels > 0), 0)
        batches["4 samples, some of class 0,"] = {**batch, "labels": zeros}
    for what, each in batches.items():
        total, count = 0.0, 0
        with torch.no_grad():
            whole = loss_of(model, each)
            for row in range(4):
                one = {name: column[row : row + 1] for name, column in each.items()}
                targets = counted_targets(case, one)
                total += loss_of(model, one).item() * targets
                count += targets
        if count and not close(whole, torch.tensor(total / count)):
            require_no_terms(model, each)
            raise CheckFailedError(
                f"the loss of {what} is {whole.item():.4g}, but the mean of their own "
                f"losses is {total / count:.4g}: does the criterion sum, average over "
                "ignored labels, or compare different samples?"
            )


@check(needs=[class_logits])
def check_ignored_labels_do_not_count(case: ModelCase) -> None:
    """Catches a wrong `ignore_index`, and a mean that counts ignored labels.

    For example the label padding, -100, used as a class; a loss that is divided by the
    batch size although half of the labels are ignored; or class 0 ignored.

    If it fails, look at `ignore_index` and at the divisor of the loss.
    """
    model, batch = perturbed(case.model(), _SPREAD), case.batch(6)
    index, ignored = case.ignore_index, {**batch, "labels": batch["labels"].clone()}
    ignored["labels"][3:] = index
    kept = {name: column[:3] for name, column in batch.items()}
    with torch.no_grad():
        try:
            found = loss_of(model, ignored)
        except (IndexError, RuntimeError) as error:
            raise CheckFailedError(
                f"the label {index}, which should be ignored, is used as a class "
                f"({error}): does the criterion have ignore_index={index}?"
            ) from error
        expected = loss_of(model, kept)
    if not close(found, expected):
        require_no_terms(model, kept)
        raise CheckFailedError(
            f"the loss of half of the targets, the others being {index}, is "
            f"{found.item():.4g} instead of {expected.item():.4g}: is {index} the "
            "ignore_index, and is the mean taken over the targets that count?"
        )


@check(needs=[labels])
def check_batch_without_targets_is_finite(case: ModelCase) -> None:
    """Catches a NaN loss if every label of a batch is ignored.

    For example a mean over no targets: a single such batch ruins a training, because
    NaN gradients make every weight NaN.

    If it fails, sum the losses and divide by `(labels != ignore_index).sum()`, clamped
    to at least 1.
    """
    if case.labels is not None and case.labels.is_floating_point():
        raise NotApplicableError("the labels are numbers")
    if not case.has_ignored_labels:
        raise NotApplicableError("nothing says that labels may be ignored")
    model, batch = case.model(training=True), case.batch(4)
    batch["labels"] = torch.full_like(batch["labels"], case.ignore_index)
    loss = outputs_of(model, batch)["loss"]
    if not loss.isfinite():
        raise CheckFailedError(
            f"the loss of a batch whose labels are all {case.ignore_index} is "
            f"{loss.item()}: divide the sum by the number of targets, clamped to 1"
        )
    if loss.requires_grad:
        loss.backward()  # type: ignore[no-untyped-call]
    for name, parameter in model.named_parameters():
        if parameter.grad is not None and not parameter.grad.isfinite().all():
            raise CheckFailedError(
                f"the gradient of {name} is not finite if every label is ignored"
            )
