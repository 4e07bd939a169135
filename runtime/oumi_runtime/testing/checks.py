"""The checks, each a function of a `ModelCase` that raises `CheckFailedError`.

Each says what it catches. They need neither pytest nor a registered model.
"""

import tempfile
from collections.abc import Callable

import torch
from torch import nn

from oumi_runtime.core.models.base_model import BaseModel
from oumi_runtime.testing.case import Batch, CheckFailedError, ModelCase

_TOLERANCE = 1e-4
_OVERFIT_STEPS = 200
_OVERFIT_RATES = (1e-2, 1e-3)


def check_logits_are_one_row_per_sample(case: ModelCase) -> None:
    """Catches an output whose first dimension is not the batch.

    For example a reshape that mixes the samples with the positions.
    """
    logits = _outputs(case.model(), case.inputs(3)).get("logits")
    if logits is None:
        raise CheckFailedError("forward returns no 'logits' in its dict")
    if logits.shape[:1] != (3,):
        raise CheckFailedError(
            f"logits of 3 samples have the shape {tuple(logits.shape)}; the first "
            "dimension must be 3: is a reshape mixing samples with other dimensions?"
        )


def check_loss_only_with_labels(case: ModelCase) -> None:
    """Catches a loss that is missing, not a scalar, not finite, or there unasked."""
    model = case.model()
    if "loss" in _outputs(model, case.inputs()):
        raise CheckFailedError("forward returns a loss although it was given no labels")
    loss = _outputs(model, case.batch()).get("loss")
    if loss is None:
        raise CheckFailedError("forward was given labels but returns no 'loss'")
    if loss.shape != ():
        raise CheckFailedError(
            f"the loss has the shape {tuple(loss.shape)}, but must be a scalar: does "
            "the criterion reduce it to a mean?"
        )
    if not loss.isfinite():
        raise CheckFailedError(f"the loss of a fresh model is {loss.item()}")


def check_every_parameter_gets_a_gradient(case: ModelCase) -> None:
    """Catches a layer that forward does not use, a `detach`, and gradients of NaN."""
    model = case.model(training=True)
    _loss(model, case.batch(16)).backward()  # type: ignore[no-untyped-call]
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        if parameter.grad is None or not parameter.grad.any():
            raise CheckFailedError(
                f"{name} gets no gradient: is the layer used in forward, or detached?"
            )
        if not parameter.grad.isfinite().all():
            raise CheckFailedError(f"the gradient of {name} is not finite")


def check_samples_do_not_see_each_other(case: ModelCase) -> None:
    """Catches a model in which a sample's output depends on the batch it is in.

    For example statistics over the batch, or a softmax over the wrong dimension.
    """
    model, inputs = case.model(), case.inputs(4)
    together = _logits(model, inputs)
    for row in range(4):
        one = {name: column[row : row + 1] for name, column in inputs.items()}
        _require_equal(
            _logits(model, one)[0],
            together[row],
            "a sample's logits differ between a batch of its own and one of four: does "
            "an operation run over the batch dimension?",
        )


def check_padding_does_not_matter(case: ModelCase) -> None:
    """Catches a model that reads the positions that `attention_mask` excludes.

    For example a mean over all positions, or attention without its mask. It passes at
    once where the inputs have no `attention_mask`.
    """
    inputs = case.inputs()
    if "attention_mask" not in inputs:
        return
    model = case.model()
    ids, mask = inputs["input_ids"], inputs["attention_mask"]
    padded = {
        **inputs,
        "input_ids": torch.cat([ids, torch.ones_like(ids[:, :3])], dim=1),
        "attention_mask": torch.cat([mask, torch.zeros_like(mask[:, :3])], dim=1),
    }
    width = ids.shape[1]
    short, long = _logits(model, inputs), _logits(model, padded)
    if long.ndim > 2 and long.shape[1] == width + 3:
        long = long[:, :width]
    _require_equal(
        short,
        long,
        "three more padding tokens change the logits: is attention_mask used where the "
        "sequence is pooled or attended to?",
    )


def check_saved_model_is_the_same(case: ModelCase) -> None:
    """Catches what is lost on the way through `save_pretrained`.

    For example a constructor argument that JSON cannot hold, or a tensor that is not
    registered as a parameter or buffer.
    """
    model, inputs = case.model(), case.inputs()
    if not isinstance(model, BaseModel):
        raise CheckFailedError(f"{type(model).__name__} is not a subclass of BaseModel")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.01)
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        loaded = type(model).from_pretrained(folder).eval()
    _require_equal(
        _logits(model, inputs),
        _logits(loaded, inputs),
        "the logits differ after save_pretrained and from_pretrained: is a tensor "
        "neither a parameter nor a buffer?",
    )


def check_overfits_one_batch(case: ModelCase) -> None:
    """Catches a model that cannot learn.

    For example a softmax before a loss that does its own, or labels that are shifted.
    """
    batch = case.batch(8)
    first = _loss(case.model(training=True), batch).item()
    best = float("inf")
    for rate in _OVERFIT_RATES:
        model = case.model(training=True)
        optimizer = torch.optim.Adam(model.parameters(), lr=rate)
        for _ in range(_OVERFIT_STEPS):
            optimizer.zero_grad()
            _loss(model, batch).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        best = min(best, _loss(model.eval(), batch).item())
        if best < 0.1 * first:
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


def _outputs(model: nn.Module, inputs: Batch) -> dict[str, torch.Tensor]:
    outputs = model(**inputs)
    if not isinstance(outputs, dict):
        raise CheckFailedError(
            f"forward returns a {type(outputs).__name__}, but must return a dict"
        )
    return outputs


@torch.no_grad()
def _logits(model: nn.Module, inputs: Batch) -> torch.Tensor:
    return _outputs(model, inputs)["logits"]


def _loss(model: nn.Module, batch: Batch) -> torch.Tensor:
    return _outputs(model, batch)["loss"]


def _require_equal(left: torch.Tensor, right: torch.Tensor, message: str) -> None:
    if left.shape != right.shape:
        raise CheckFailedError(f"{message} (shapes {left.shape} and {right.shape})")
    difference = (left - right).abs().max().item()
    scale = left.abs().max().item()
    # Written so that NaN fails.
    if not difference <= _TOLERANCE * max(1.0, scale):
        raise CheckFailedError(f"{message} (largest difference {difference:.3g})")
