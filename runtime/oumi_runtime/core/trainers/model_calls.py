"""Calls a model on a batch, and says where the two do not fit together.

What a model's own code raises passes through as it is.
"""

import inspect
from typing import Any

import torch
from torch import nn

from oumi_runtime.core.datasets.columns import Batch
from oumi_runtime.exceptions import ModelForwardError


def outputs_of(call: nn.Module, model: nn.Module, batch: Batch) -> Any:
    """Calls a model.

    Args:
        call: What is called: the model, or what wraps it for several processes.
        model: The model itself.
        batch: Its inputs by name.

    Raises:
        ModelForwardError: Its forward does not take the columns of the batch.
    """
    try:
        return call(**batch)
    except TypeError as error:
        # Only now, since a signature takes longer to read than a small model to run.
        try:
            inspect.signature(model.forward).bind(**batch)
        except TypeError as mismatch:
            raise ModelForwardError(
                f"{type(model).__name__}.forward does not take a batch of "
                f"{', '.join(batch)}: {mismatch}; name them as its arguments, or "
                "take **kwargs"
            ) from error
        raise


def loss_of(outputs: Any, model: nn.Module) -> torch.Tensor:
    """Takes the loss out of what a model has returned.

    Raises:
        ModelForwardError: There is none, or it is not a scalar.
    """
    if isinstance(outputs, torch.Tensor):  # which would warn of the key
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
