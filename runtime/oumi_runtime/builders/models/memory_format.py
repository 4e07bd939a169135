"""Chooses the memory format of convolution weights."""

from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer


def apply_memory_format(model: nn.Module, channels_last: str) -> bool:
    """Stores the weights of 2D convolutions in channels_last format.

    A convolution then computes in this format, whatever that of its input. Results
    differ only in the order of additions, and in the numbers that dropout draws.

    Args:
        model: The model; its 4-dimensional weights are changed in place.
        channels_last: on, off, or auto, which is on if the model has an `nn.Conv2d`.

    Returns:
        Whether the format was changed.
    """
    has_images = any(isinstance(module, nn.Conv2d) for module in model.modules())
    is_on = channels_last == "on" or (channels_last == "auto" and has_images)
    if is_on:
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return is_on


def keep_state_in_format(optimizer: Optimizer) -> None:
    """Gives loaded optimizer states the memory format of their parameters.

    A fused step relies on both having the same format.
    """
    optimizer.register_load_state_dict_post_hook(_match_formats)


def _match_formats(optimizer: Optimizer) -> None:
    for parameter, state in optimizer.state.items():
        for name, value in state.items():
            if _differs(parameter, value):
                state[name] = torch.empty_like(parameter, dtype=value.dtype).copy_(
                    value
                )


def _differs(parameter: torch.Tensor, value: Any) -> bool:
    return (
        isinstance(value, torch.Tensor)
        and value.shape == parameter.shape
        and value.stride() != parameter.stride()
    )
