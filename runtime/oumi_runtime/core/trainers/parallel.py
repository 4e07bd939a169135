"""How a model is distributed over processes: a single one, or replicated (DDP).

A trainer calls `forward`, and gets states as with a single process. Sharding (FSDP) is
in `sharded`.
"""

import contextlib
from typing import Any

import torch
from safetensors.torch import load_model
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer

from oumi_runtime.exceptions import ModelForwardError

_NUM_NAMED = 3


class Parallelism:
    """One process with the whole model."""

    def __init__(self, model: nn.Module) -> None:
        """Wraps the model, which is on its device."""
        self.model = model
        self.forward: nn.Module = model

    def accumulating(self) -> contextlib.AbstractContextManager[None]:
        """Returns a context for every backward pass of a step but the last."""
        return contextlib.nullcontext()

    def check_gradients(self) -> None:
        """Raises if the gradients of a step are not those of all processes.

        Raises:
            ModelForwardError: Some parameters had no part in the loss.
        """

    def whole_model(self) -> nn.Module:
        """Returns a module with all weights, for the first process to save.

        Every process must call this.
        """
        return self.model

    def load_weights(self, path: str) -> None:
        """Loads the weights from a safetensors file."""
        load_model(self.model, path)

    def optimizer_state(self, optimizer: Optimizer) -> dict[str, Any]:
        """Returns the full optimizer state. Every process must call this."""
        return optimizer.state_dict()

    def load_optimizer_state(self, optimizer: Optimizer, state: dict[str, Any]) -> None:
        """Restores what `optimizer_state` returned."""
        optimizer.load_state_dict(state)


class Replicated(Parallelism):
    """Every process has the whole model; gradients are averaged (DDP)."""

    def __init__(self, model: nn.Module, *, find_unused_parameters: bool) -> None:
        """Wraps the model, which is on this process's device.

        Args:
            model: The model, with the same weights in every process.
            find_unused_parameters: Whether a step may leave parameters without a
                gradient.
        """
        super().__init__(model)
        trained = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
        self._needed = [] if find_unused_parameters else trained
        self._replica = DistributedDataParallel(
            model, find_unused_parameters=find_unused_parameters
        )
        self.forward = self._replica

    def accumulating(self) -> contextlib.AbstractContextManager[None]:
        """Returns a context in which gradients are not synchronized."""
        return self._replica.no_sync()

    def check_gradients(self) -> None:
        """Raises if some parameter has no gradient, which DDP waits for.

        It would not average those that come after it, and say so only in the next step.
        """
        unused = [name for name, parameter in self._needed if parameter.grad is None]
        if unused:
            raise ModelForwardError(
                f"{_first_few(unused)} had no part in the loss, and several processes "
                "wait for the gradient of every parameter; set "
                "training.ddp_find_unused_parameters: true, or freeze them"
            )


def _first_few(names: list[str]) -> str:
    rest = len(names) - _NUM_NAMED
    return ", ".join(names[:_NUM_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def to_local(value: torch.Tensor) -> torch.Tensor:
    """Returns a scalar that may be a DTensor as a plain tensor."""
    full_tensor = getattr(value, "full_tensor", None)
    return value if full_tensor is None else full_tensor()
