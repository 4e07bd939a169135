"""Decides how the weights of convolutions lie in memory."""

from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer


def apply_memory_format(model: nn.Module, channels_last: str) -> bool:
    """Has the weights of convolutions over images lie channel by channel of a pixel.

    A convolution then works in this order, whatever that of its input. The numbers are
    the same but for the order of additions, and of what dropout draws.

    Args:
        model: The model; its 4-dimensional weights are changed in place.
        channels_last: on, off, or auto, which is on where the model has an `nn.Conv2d`.

    Returns:
        Whether it was done.
    """
    has_images = any(isinstance(module, nn.Conv2d) for module in model.modules())
    is_on = channels_last == "on" or (channels_last == "auto" and has_images)
    if is_on:
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return is_on


def keep_state_in_format(optimizer: Optimizer) -> None:
    """Has a loaded state lie in memory as the parameters that it belongs to.

    A fused step goes through both side by side, and takes it that they do.
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
