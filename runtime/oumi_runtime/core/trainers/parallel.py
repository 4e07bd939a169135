"""How a model is spread over processes: alone, or replicated (DDP).

A trainer runs `forward`, and asks for states as they are with one process. A sharded
model is in `sharded`.
"""

import contextlib
from typing import Any

import torch
from safetensors.torch import load_model
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer


class Parallelism:
    """One process with the whole model."""

    def __init__(self, model: nn.Module) -> None:
        """Takes the model, on its device."""
        self.model = model
        self.forward: nn.Module = model

    def accumulating(self) -> contextlib.AbstractContextManager[None]:
        """The context of every backward pass of a step but its last."""
        return contextlib.nullcontext()

    def whole_model(self) -> nn.Module:
        """A module with all weights, to be saved by the first process.

        Every process must call it.
        """
        return self.model

    def load_weights(self, path: str) -> None:
        """Takes the weights of a safetensors file."""
        load_model(self.model, path)

    def optimizer_state(self, optimizer: Optimizer) -> dict[str, Any]:
        """The optimizer's whole state. Every process must call it."""
        return optimizer.state_dict()

    def load_optimizer_state(self, optimizer: Optimizer, state: dict[str, Any]) -> None:
        """Takes what `optimizer_state` returned."""
        optimizer.load_state_dict(state)


class Replicated(Parallelism):
    """Every process has the whole model; gradients are averaged."""

    def __init__(self, model: nn.Module, *, find_unused_parameters: bool) -> None:
        """Takes the model, on this process's device.

        Args:
            model: The model, with the same weights in every process.
            find_unused_parameters: Whether a step may leave parameters out.
        """
        super().__init__(model)
        self._replica = DistributedDataParallel(
            model, find_unused_parameters=find_unused_parameters
        )
        self.forward = self._replica

    def accumulating(self) -> contextlib.AbstractContextManager[None]:
        """Keeps the gradients of this process to itself."""
        return self._replica.no_sync()


def to_local(value: torch.Tensor) -> torch.Tensor:
    """A scalar that may be spread over processes, as a plain tensor."""
    full_tensor = getattr(value, "full_tensor", None)
    return value if full_tensor is None else full_tensor()
