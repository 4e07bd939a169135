"""Says in one line why a model does not fit its data.

Most of it goes by the error that the model raised.
"""

from collections.abc import Iterator
from traceback import walk_tb
from typing import Any

import torch
from torch import nn

from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.models.layer_types import BATCH_NORMS

_NUM_FEATURES = "num_features"


def misfit_of(
    model: nn.Module, batch: Batch, error: RuntimeError | IndexError
) -> str | None:
    """Returns what of a batch does not fit a model; None if the error is another.

    Args:
        model: The model.
        batch: Its inputs by name.
        error: What calling it has raised.
    """
    if isinstance(error, IndexError):
        return _row_misfit(model, error)
    return (
        _feature_misfit(model, batch)
        or _kind_misfit(model, batch, error)
        or _layer_misfit(model, error)
        or _dtype_misfit(model, error)
    )


def _feature_misfit(model: nn.Module, batch: Batch) -> str | None:
    """Returns the message for a table with the wrong number of columns, or None."""
    expected = size_of(model, _NUM_FEATURES)
    features = batch.get("features")
    if expected is None or features is None or features.ndim != 2:
        return None
    given = features.shape[1]
    if given == expected:
        return None
    return (
        f"the data has {given} features and {type(model).__name__} was built for "
        f"{expected}; set model.model_kwargs.{_NUM_FEATURES} to {given}, or choose "
        f"{expected} columns with dataset_kwargs.feature_columns"
    )


def size_of(model: nn.Module, argument: str) -> int | None:
    """Returns a constructor argument of a model, if it has one that is a number."""
    arguments = getattr(model, "init_kwargs", None)
    found = arguments.get(argument) if isinstance(arguments, dict) else None
    return found if isinstance(found, int) else None


def _kind_misfit(model: nn.Module, batch: Batch, error: RuntimeError) -> str | None:
    """Returns the message for labels that are no whole numbers, or None."""
    labels = batch.get("labels")
    if labels is None or "Long" not in str(error):
        return None
    if not labels.is_floating_point() and labels.dtype is not torch.bool:
        return None
    kind = "truth values" if labels.dtype is torch.bool else "fractions"
    return (
        f"the labels are {kind}, and the loss of {type(model).__name__} takes classes; "
        "label the data with whole numbers, or take a model for regression"
    )


def _row_misfit(model: nn.Module, error: IndexError) -> str | None:
    """Returns the message for an id that an embedding has no row for, or None."""
    for name, layer, given in _layers_called(model, error):
        if isinstance(layer, nn.Embedding) and given.numel():
            lowest, highest = (int(each) for each in given.aminmax())
            if lowest < 0 or highest >= layer.num_embeddings:
                return (
                    f"layer {name!r} of {type(model).__name__} has rows 0 to "
                    f"{layer.num_embeddings - 1} and was given "
                    f"{lowest if lowest < 0 else highest}; change the model's "
                    "arguments or the data so that they agree"
                )
    return None


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


def _dtype_misfit(model: nn.Module, error: RuntimeError) -> str | None:
    """Returns the message for weights of another dtype than their input, or None."""
    if "type" not in str(error):
        return None
    for name, layer, given in _layers_called(model, error):
        weight = getattr(layer, "weight", None)
        if not isinstance(weight, torch.Tensor) or not given.is_floating_point():
            continue
        if weight.dtype != given.dtype:
            own, other = (str(t.dtype).removeprefix("torch.") for t in (weight, given))
            return (
                f"layer {name!r} of {type(model).__name__} has weights of {own} and "
                f"was given {other}; set model.torch_dtype_str: {other}, and "
                "training.mixed_precision_dtype to compute in 16 bits, or convert "
                "what it is given in forward"
            )
    return None


def lone_value(model: nn.Module, error: Exception) -> str | None:
    """Returns the message for a batch norm that cannot tell values apart, or None."""
    if not isinstance(error, ValueError) or not str(error).startswith(
        "Expected more than 1 value per channel"
    ):
        return None
    for name, layer, given in _layers_called(model, error):
        if isinstance(layer, BATCH_NORMS):
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
