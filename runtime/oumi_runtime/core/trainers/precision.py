"""Mixed precision: the autocast context and the gradient scaler."""

import contextlib
import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from oumi_runtime.core.configs import MixedPrecisionDtype
from oumi_runtime.exceptions import DeviceError


def build_precision(
    model: nn.Module, dtype: MixedPrecisionDtype
) -> tuple[Callable[[], Any], torch.amp.GradScaler]:
    """Builds what a mixed-precision loop needs.

    Args:
        model: The model, on its device.
        dtype: NONE for no autocast.

    Returns:
        A function that returns the context for a forward pass, and a gradient scaler,
        which is enabled only for FP16.

    Raises:
        DeviceError: FP16 on a CPU, where it is not faster and gradients underflow.
    """
    device = next(model.parameters()).device
    is_fp16 = dtype is MixedPrecisionDtype.FP16
    if is_fp16 and device.type == "cpu":
        raise DeviceError(
            "training.mixed_precision_dtype is fp16, which needs a GPU; use bf16"
        )
    scaler = torch.amp.GradScaler(device.type, enabled=is_fp16)
    if dtype is MixedPrecisionDtype.NONE:
        return contextlib.nullcontext, scaler
    half = torch.float16 if is_fp16 else torch.bfloat16
    return functools.partial(torch.autocast, device.type, dtype=half), scaler


def dtype_name(model: nn.Module, dtype: MixedPrecisionDtype) -> str:
    """Describes the precision: `float32`, or `float32 with bf16 autocast`."""
    weights = str(next(model.parameters()).dtype).removeprefix("torch.")
    if dtype is MixedPrecisionDtype.NONE:
        return weights
    return f"{weights} with {dtype.value} autocast"
