"""Calls a model on a batch, with a clear error if the two do not fit together.

Errors raised by the model's own code pass through unchanged.
"""

import inspect
from collections.abc import Iterator
from traceback import walk_tb
from typing import Any

import torch
from torch import nn

from oumi_runtime.core.datasets.columns import Batch
from oumi_runtime.exceptions import ModelForwardError, SingleValueError

_NUM_FEATURES = "num_features"


def outputs_of(call: nn.Module, model: nn.Module, batch: Batch) -> Any:
    """Calls a model.

    Args:
        call: What to call: the model, or its wrapper for several processes.
        model: The model itself.
        batch: Its inputs by name.

    Raises:
        ModelForwardError: The forward method does not accept the columns of the batch,
            or a layer does not fit the width of its input.
        SingleValueError: A batch norm in training is given a single value for each
            channel.
    """
    try:
        return call(**batch)
    except TypeError as error:
        # Only now: inspecting a signature takes longer than a small forward pass.
        try:
            inspect.signature(model.forward).bind(**batch)
        except TypeError as mismatch:
            raise ModelForwardError(
                f"{type(model).__name__}.forward does not take a batch of "
                f"{', '.join(batch)}: {mismatch}; name them as its arguments, or "
                "take **kwargs"
            ) from error
        raise
    except RuntimeError as error:
        misfit = _feature_misfit(model, batch) or _layer_misfit(model, error)
        if misfit is None:
            raise
        raise ModelForwardError(misfit) from error
    except ValueError as error:
        misfit = _lone_value(model, error)
        if misfit is None:
            raise
        raise SingleValueError(misfit) from error


def _feature_misfit(model: nn.Module, batch: Batch) -> str | None:
    """Returns the message for a table with the wrong number of columns, or None."""
    arguments = getattr(model, "init_kwargs", None)
    expected = arguments.get(_NUM_FEATURES) if isinstance(arguments, dict) else None
    features = batch.get("features")
    if not isinstance(expected, int) or features is None or features.ndim != 2:
        return None
    given = features.shape[1]
    if given == expected:
        return None
    return (
        f"the data has {given} features and {type(model).__name__} was built for "
        f"{expected}; set model.model_kwargs.{_NUM_FEATURES} to {given}, or choose "
        f"{expected} columns with dataset_kwargs.feature_columns"
    )


def _layer_misfit(model: nn.Module, error: RuntimeError) -> str | None:
    """Returns the message for a layer of another width than its input, or None."""
    for name, layer, given in _layers_called(model, error):
        found = _width_misfit(layer, given)
        if found is not None:
            expected, width = found
            return (
                f"layer {name!r} of {type(model).__name__} takes {expected} values and "
                f"was given {width}, an input of shape {tuple(given.shape)}; change "
                "the model's arguments or the data so that they agree"
            )
    return None


def _lone_value(model: nn.Module, error: ValueError) -> str | None:
    """Returns the message for a batch norm that cannot tell values apart, or None."""
    if not str(error).startswith("Expected more than 1 value per channel"):
        return None
    for name, layer, given in _layers_called(model, error):
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            return (
                f"layer {name!r} of {type(model).__name__} normalizes over the batch, "
                "and was given one value for each channel, an input of shape "
                f"{tuple(given.shape)}; choose a training.per_device_train_batch_size "
                "that leaves no process with one sample, also in the last step of an "
                "epoch, or use nn.GroupNorm or nn.LayerNorm"
            )
    return None


def _layers_called(
    model: nn.Module, error: Exception
) -> Iterator[tuple[str, nn.Module, torch.Tensor]]:
    """Yields the name, the layer and the input of the calls that led to an error.

    They are found in its traceback, without running the model again.
    """
    names = {id(module): name for name, module in model.named_modules()}
    for frame, _ in walk_tb(error.__traceback__):
        layer: Any = frame.f_locals.get("self")
        given = frame.f_locals.get("input")
        if id(layer) in names and isinstance(given, torch.Tensor):
            yield names[id(layer)], layer, given


def _width_misfit(layer: Any, given: torch.Tensor) -> tuple[int, int] | None:
    """Returns the expected and the given width of a layer's input if they differ."""
    if isinstance(layer, nn.Linear) and given.ndim > 0:
        found = layer.in_features, given.shape[-1]
    elif isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        dimensions = len(layer.kernel_size)
        if given.ndim not in (dimensions + 1, dimensions + 2):
            return None
        found = layer.in_channels, given.shape[-1 - dimensions]
    else:
        return None
    return None if found[0] == found[1] else found


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
