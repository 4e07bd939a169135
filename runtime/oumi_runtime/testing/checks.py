"""The checks, each a function of a `ModelCase` that raises `CheckFailedError`.

Each says what it catches. They need neither pytest nor a registered model.
"""

import tempfile
from collections.abc import Callable, Iterator

import torch
from torch import nn

from oumi_runtime.core.models.base_model import BaseModel
from oumi_runtime.exceptions import SavedModelError
from oumi_runtime.testing.case import Batch, CheckFailedError, ModelCase
from oumi_runtime.testing.measuring import (
    compute_gradients,
    logits_of,
    loss_of,
    outputs_of,
    perturbed,
    require_equal,
    strays,
)

_GRADIENT_SEEDS = 4
_OVERFIT_STEPS = 200
_OVERFIT_RATES = (1e-2, 1e-3)
# Labels that are smoothed by 0.1 keep about a quarter of the loss; a softmax before a
# loss that does its own, or a sigmoid, keeps about a half.
_OVERFIT_SHARE = 0.3


def check_logits_are_one_row_per_sample(case: ModelCase) -> None:
    """Catches an output whose first dimension is not the batch.

    For example a reshape that mixes the samples with the positions.
    """
    logits = logits_of(case.model(), case.inputs(3))
    if logits.shape[:1] != (3,):
        raise CheckFailedError(
            f"logits of 3 samples have the shape {tuple(logits.shape)}; the first "
            "dimension must be 3: is a reshape mixing samples with other dimensions?"
        )


def check_loss_only_with_labels(case: ModelCase) -> None:
    """Catches a loss that is missing, not a scalar, not finite, or there unasked."""
    model = case.model()
    if "loss" in outputs_of(model, case.inputs()):
        raise CheckFailedError("forward returns a loss although it was given no labels")
    loss_of(model, case.batch())


def check_every_parameter_gets_a_gradient(case: ModelCase) -> None:
    """Catches a layer that forward does not use, a `detach`, and gradients of NaN.

    Also a layer in a plain list, of which no optimizer hears. A parameter counts as
    without gradient if several models and batches give it none, since one small layer
    may happen to have no active unit.
    """
    if hidden := strays(case.model(), (nn.Module, nn.Parameter)):
        raise CheckFailedError(
            f"{_listing(hidden)} is not registered, so neither trained nor saved: make "
            "it an attribute, or use nn.ModuleList, nn.ModuleDict or nn.ParameterList"
        )
    silent: list[str] = []
    for seed in range(_GRADIENT_SEEDS):
        model = perturbed(case.model(training=True, seed=seed))
        compute_gradients(loss_of(model, case.batch(16, seed)))
        gradients = {n: p.grad for n, p in model.named_parameters() if p.requires_grad}
        for name, gradient in gradients.items():
            if gradient is not None and not gradient.isfinite().all():
                raise CheckFailedError(f"the gradient of {name} is not finite")
        silent = [
            name
            for name, gradient in gradients.items()
            if (seed == 0 or name in silent)
            and (gradient is None or not gradient.any())
        ]
        if not silent:
            return
    raise CheckFailedError(
        f"{_listing(silent)} gets no gradient: is the layer used in forward, or "
        "detached?"
    )


def check_samples_do_not_see_each_other(case: ModelCase) -> None:
    """Catches a model in which a sample's output depends on the batch it is in.

    For example statistics over the batch, or a softmax over the wrong dimension.
    """
    model, inputs = perturbed(case.model()), case.inputs(4)
    together = logits_of(model, inputs)
    for row in range(4):
        one = {
            name: column[row : row + 1] if column.shape[:1] == (4,) else column
            for name, column in inputs.items()
        }
        require_equal(
            logits_of(model, one),
            together[row : row + 1],
            "a sample's logits differ between a batch of its own and one of four: does "
            "an operation run over the batch dimension?",
        )


def check_padding_does_not_matter(case: ModelCase) -> None:
    """Catches a model that reads the positions that `attention_mask` excludes.

    For example a mean over all positions, or attention without its mask. It passes at
    once where the inputs have no `input_ids` and `attention_mask`.
    """
    inputs = case.inputs()
    if not {"input_ids", "attention_mask"} <= inputs.keys():
        return
    model = perturbed(case.model())
    ids, mask = inputs["input_ids"], inputs["attention_mask"]
    width = ids.shape[1]
    shorter = mask.clone()
    shorter[:, max(1, width - width // 3) :] = 0
    # A row that begins with padding must not become all padding.
    mask = torch.where(shorter.any(dim=1, keepdim=True), shorter, mask)
    inputs = {**inputs, "attention_mask": mask}
    others = ids.flatten()[torch.randint(ids.numel(), ids.shape)]
    changed = {**inputs, "input_ids": torch.where(mask > 0, ids, others)}
    expected = _kept(logits_of(model, inputs), mask)
    question = "is attention_mask used where the sequence is pooled or attended to?"
    require_equal(
        expected,
        _kept(logits_of(model, changed), mask),
        f"other padding tokens change the logits: {question}",
    )
    try:
        longer = logits_of(model, _lengthened(inputs, 3))
    except (IndexError, RuntimeError, ValueError):
        return  # It takes sequences of one length only.
    if longer.ndim > 2 and longer.shape[1] == width + 3:
        longer = longer[:, :width]
    require_equal(
        expected,
        _kept(longer, mask),
        f"three more padding tokens change the logits: {question}",
    )


def check_saved_model_is_the_same(case: ModelCase) -> None:
    """Catches what is lost on the way through `save_pretrained`.

    For example a constructor argument that JSON cannot hold, or a tensor that is not
    registered as a parameter or buffer.
    """
    model, inputs = perturbed(case.model()), case.inputs()
    if not isinstance(model, BaseModel):
        raise CheckFailedError(f"{type(model).__name__} is not a subclass of BaseModel")
    before = logits_of(model, inputs)
    with tempfile.TemporaryDirectory() as folder:
        try:
            model.save_pretrained(folder)
            loaded = type(model).from_pretrained(folder).eval()
        except SavedModelError as error:
            raise CheckFailedError(str(error)) from error
    lost = strays(model, (torch.Tensor, nn.Module))
    where = f"{_listing(lost)} is" if lost else "is a tensor"
    require_equal(
        before,
        logits_of(loaded, inputs),
        f"the logits differ after save_pretrained and from_pretrained: {where} neither "
        "a parameter nor a buffer, or does the constructor change its arguments?",
    )


def check_overfits_one_batch(case: ModelCase) -> None:
    """Catches a model that cannot learn.

    For example a softmax before a loss that does its own, or weights that start at
    zero.
    """
    batch = case.batch(8)
    first = loss_of(case.model(training=True), batch).item()
    best = first
    for rate in _OVERFIT_RATES:
        for loss in _losses_while_training(case, batch, rate):
            best = min(best, loss)
            if best < first - (1 - _OVERFIT_SHARE) * abs(first):
                return
    raise CheckFailedError(
        f"{_OVERFIT_STEPS} steps on one batch of 8 samples bring the loss from "
        f"{first:.3g} to {best:.3g} only: does the gradient reach every layer, and "
        "does the criterion expect logits?"
    )


CHECKS: tuple[Callable[[ModelCase], None], ...] = (
    check_logits_are_one_row_per_sample,
    check_loss_only_with_labels,
    check_every_parameter_gets_a_gradient,
    check_samples_do_not_see_each_other,
    check_padding_does_not_matter,
    check_saved_model_is_the_same,
    check_overfits_one_batch,
)


def _listing(names: list[str]) -> str:
    """The names in one line, or the first of many."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def _kept(logits: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Logits of the sequences, or of the positions that are not padding."""
    is_by_position = logits.ndim > 2 and logits.shape[:2] == mask.shape
    return logits[mask > 0] if is_by_position else logits


def _lengthened(inputs: Batch, extra: int) -> Batch:
    """The inputs with more padding at the end of every sequence."""
    shape = inputs["input_ids"].shape
    padding = {
        name: column.new_zeros((shape[0], extra, *column.shape[2:]))
        for name, column in inputs.items()
        if column.shape[:2] == shape
    }
    # Some padding tokens are not 0.
    padding["input_ids"] += inputs["input_ids"][:, :1]
    longer = {name: torch.cat([inputs[name], padding[name]], 1) for name in padding}
    return {**inputs, **longer}


def _losses_while_training(
    case: ModelCase, batch: Batch, rate: float
) -> Iterator[float]:
    """Trains on one batch, and yields the loss in evaluation mode now and then."""
    model = case.model(training=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    for step in range(1, _OVERFIT_STEPS + 1):
        optimizer.zero_grad()
        compute_gradients(loss_of(model.train(), batch))
        optimizer.step()
        if step % 20 == 0:
            with torch.no_grad():
                yield loss_of(model.eval(), batch).item()
