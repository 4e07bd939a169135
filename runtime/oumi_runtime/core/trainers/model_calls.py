"""Calls a model on a batch, with a clear error if the two do not fit together.

Errors raised by the model's own code pass through unchanged.
"""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.trainers.absent_arguments import absent_argument
from oumi_runtime.core.trainers.misfits import lone_value, misfit_of
from oumi_runtime.core.trainers.unknown_classes import class_misfit
from oumi_runtime.exceptions import ModelForwardError, SingleValueError


def outputs_of(call: Callable[..., Any], model: nn.Module, batch: Batch) -> Any:
    """Calls a model.

    Args:
        call: What to call: the model, or its wrapper for several processes or a
            compiler.
        model: The model itself.
        batch: Its inputs by name.

    Raises:
        ModelForwardError: The forward method does not accept the columns of the batch,
            or computes with one that is not there, or a layer does not fit the width of
            its input; or a token id is out of range, which only a CPU can tell.
        UnknownClassError: So is a label, likewise.
        SingleValueError: A batch norm in training is given a single value for each
            channel.
    """
    try:
        return call(**batch)
    except Exception as error:
        lone = lone_value(model, error)
        if lone is not None:
            raise SingleValueError(lone) from error
        unknown = class_misfit(model, error)
        if unknown is not None:
            raise unknown from error
        misfit = _misfit(model, batch, error)
        if misfit is None:
            raise
        raise ModelForwardError(misfit) from error


def _misfit(model: nn.Module, batch: Batch, error: Exception) -> str | None:
    """Returns how a model and a batch do not fit together; None if they do."""
    if isinstance(error, TypeError):
        # Only now: inspecting a signature takes longer than a small forward pass.
        try:
            inspect.signature(model.forward).bind(**batch)
        except TypeError as mismatch:
            return (
                f"{type(model).__name__}.forward does not take a batch of "
                f"{', '.join(batch)}: {mismatch}; name them as its arguments, or "
                "take **kwargs"
            )
    if isinstance(error, RuntimeError | IndexError):
        return misfit_of(model, batch, error)
    return absent_argument(model, batch, error)


def loss_of(outputs: Any, model: nn.Module) -> torch.Tensor:
    """Returns the loss from a model's outputs.

    Raises:
        ModelForwardError: There is no loss, or it is not a scalar.
    """
    if isinstance(outputs, torch.Tensor):  # indexing it with a string would warn
        raise ModelForwardError(_without_loss(outputs, model))
    try:
        loss: torch.Tensor = outputs["loss"]
    except (KeyError, TypeError, IndexError) as error:
        raise ModelForwardError(_without_loss(outputs, model)) from error
    if not isinstance(loss, torch.Tensor) or loss.numel() != 1:
        shape = tuple(getattr(loss, "shape", ()))
        what = f"of shape {shape}" if shape else f"a {type(loss).__name__}"
        raise ModelForwardError(
            f"the loss of {type(model).__name__} is {what}; return a tensor that is "
            "one number, such as the mean over the batch"
        )
    return loss


def loss_to_train_on(outputs: Any, model: nn.Module) -> torch.Tensor:
    """Returns the loss from a model's outputs, which has a gradient.

    Raises:
        ModelForwardError: See `loss_of`; or no weight can be trained on the loss.
    """
    loss = loss_of(outputs, model)
    if not loss.requires_grad:
        why = "look for detach(), item(), argmax() and no_grad() before it"
        if not any(weight.requires_grad for weight in model.parameters()):
            why = "all weights are frozen"
        name = type(model).__name__
        raise ModelForwardError(f"the loss of {name} has no gradient: {why}")
    return loss


def terms_of(outputs: Any) -> dict[str, torch.Tensor]:
    """Returns the outputs that are single numbers, apart from the loss itself.

    They are terms of the loss, such as `aux_loss`, and whatever else there is to log.
    """
    return {
        name: value.detach()
        for name, value in outputs.items()
        if name != "loss"
        and isinstance(value, torch.Tensor)
        and value.ndim == 0
        and value.is_floating_point()
    }


def _without_loss(outputs: Any, model: nn.Module) -> str:
    name = type(model).__name__
    if not hasattr(outputs, "keys"):
        return (
            f"{name}.forward returns a {type(outputs).__name__}; return a dict, such "
            "as {'logits': logits, 'loss': loss}"
        )
    return (
        f"{name}.forward returns {', '.join(outputs.keys()) or 'nothing'} and no loss; "
        "return 'loss' too where the batch has labels"
    )
