"""An exponential moving average (EMA) of the weights."""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from oumi_runtime.core.trainers.optimizers import foreach


class WeightAverage:
    """The exponential moving average of a model's trained parameters.

    Early averages decay faster, so that the initial weights are forgotten: the decay
    after n steps is at most (1 + n) / (10 + n). Buffers, such as the running means of
    batch norm, are not averaged.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        """Starts with the current weights.

        Args:
            model: The model, on its device.
            decay: The fraction of the average kept in each step, 0 to less than 1.
        """
        self._weights = [p.detach() for p in model.parameters() if p.requires_grad]
        # In 16 bits, updates by a thousandth would be rounded away.
        self._averages = [_in_full(weight) for weight in self._weights]
        self._decay = decay
        self._num_updates = 0

    def update(self) -> None:
        """Updates the averages with the current weights."""
        n = self._num_updates = self._num_updates + 1
        decay = min(self._decay, (1 + n) / (10 + n))
        weights = [
            weight.to(average.dtype)
            for weight, average in zip(self._weights, self._averages, strict=True)
        ]
        foreach.lerp_(self._averages, weights, 1.0 - decay)

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Puts the averages into the model for the block."""
        weights = [weight.clone() for weight in self._weights]
        foreach.copy_(self._weights, self._averages)
        try:
            yield
        finally:
            foreach.copy_(self._weights, weights)

    def adopt(self) -> None:
        """Puts the averages into the model for good."""
        foreach.copy_(self._weights, self._averages)

    def state_dict(self) -> dict[str, Any]:
        """Returns the averages, in the order of the parameters."""
        return {"averages": self._averages, "num_updates": self._num_updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what `state_dict` returned."""
        foreach.copy_(self._averages, state["averages"])
        self._num_updates = state["num_updates"]


def _in_full(weight: torch.Tensor) -> torch.Tensor:
    is_half = weight.dtype in (torch.float16, torch.bfloat16)
    return weight.to(torch.float32 if is_half else weight.dtype, copy=True)
