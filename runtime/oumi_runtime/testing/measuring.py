"""What the checks ask of a model, each with a failure that says where to look."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from oumi_runtime.testing.case import Batch, CheckFailedError

_LARGEST_TOLERANCE = 0.05
_NOT_THE_MODELS = {*vars(nn.Module()), "_init_kwargs"}


def outputs_of(model: nn.Module, inputs: Batch) -> dict[str, torch.Tensor]:
    """The dict that forward returns."""
    outputs = model(**inputs)
    if not isinstance(outputs, dict):
        raise CheckFailedError(
            f"forward returns a {type(outputs).__name__}, but must return a dict"
        )
    return outputs


@torch.no_grad()
def logits_of(model: nn.Module, inputs: Batch) -> torch.Tensor:
    """The logits, which are numbers."""
    logits = outputs_of(model, inputs).get("logits")
    if logits is None:
        raise CheckFailedError("forward returns no 'logits' in its dict")
    if logits.isnan().any():
        raise CheckFailedError(
            "the logits hold NaN: is a weight not initialised, or something divided by "
            "zero?"
        )
    return logits


def loss_of(model: nn.Module, batch: Batch) -> torch.Tensor:
    """The loss, which is one finite number."""
    loss = outputs_of(model, batch).get("loss")
    if loss is None:
        raise CheckFailedError("forward was given labels but returns no 'loss'")
    if loss.shape != ():
        raise CheckFailedError(
            f"the loss has the shape {tuple(loss.shape)}, but must be a scalar: does "
            "the criterion reduce it to a mean?"
        )
    if not loss.isfinite():
        raise CheckFailedError(
            f"the loss is {loss.item()}: is a weight not initialised, or a logarithm "
            "of zero taken?"
        )
    return loss


def compute_gradients(loss: torch.Tensor) -> None:
    """Runs backward."""
    if not loss.requires_grad:
        raise CheckFailedError(
            "the loss has no gradient: is it detached, or computed under no_grad?"
        )
    loss.backward()  # type: ignore[no-untyped-call]


@torch.no_grad()
def perturbed(model: nn.Module) -> nn.Module:
    """Moves every weight a little, since one that starts at zero hides mistakes."""
    for parameter in model.parameters():
        if parameter.is_floating_point():
            parameter.add_(torch.randn_like(parameter), alpha=0.02)
    return model


def require_equal(left: torch.Tensor, right: torch.Tensor, message: str) -> None:
    """Fails with the message where two outputs differ by more than rounding."""
    if left.shape != right.shape:
        shapes = f"{tuple(left.shape)} and {tuple(right.shape)}"
        raise CheckFailedError(f"{message} (shapes {shapes})")
    if not left.numel():
        return
    tolerance = min(_LARGEST_TOLERANCE, 1000 * torch.finfo(left.dtype).eps)
    difference = torch.where(left == right, 0, left - right).abs().max().item()
    scale = left[left.isfinite()].abs().max().item() if left.isfinite().any() else 0.0
    # Written so that NaN fails.
    if not difference <= tolerance * scale + 1e-6:
        raise CheckFailedError(f"{message} (largest difference {difference:.3g})")


def strays(model: nn.Module, kind: type | tuple[type, ...]) -> list[str]:
    """Names what a module holds as a plain attribute, or in a list or dict of them.

    Such layers are not trained or saved, and such tensors stay where they were made.
    Layers that have nothing to train are left out.

    Args:
        model: The model.
        kind: What to look for: `nn.Module`, `nn.Parameter`, `torch.Tensor`.
    """
    known = {id(x) for x in [*model.modules(), *model.parameters(), *model.buffers()]}
    return [
        f"{module_name}.{name}".lstrip(".")
        for module_name, module in model.named_modules()
        for attribute, value in vars(module).items()
        if attribute not in _NOT_THE_MODELS
        for name, part in _parts(attribute, value)
        if isinstance(part, kind) and id(part) not in known and _is_trained(part)
    ]


def _is_trained(part: Any) -> bool:
    return not isinstance(part, nn.Module) or any(
        parameter.requires_grad for parameter in part.parameters()
    )


def _parts(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A value itself, and what a list or dict of it holds, each with its name."""
    yield name, value
    if isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield from _parts(f"{name}[{index}]", part)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _parts(f"{name}[{key!r}]", part)
