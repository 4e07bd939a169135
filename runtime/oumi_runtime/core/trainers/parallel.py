"""How a model is spread over processes: alone, replicated (DDP) or sharded (FSDP2).

A trainer runs `forward`, and asks for states as they are with one process; what is
gathered or spread out for that is decided here.
"""

import contextlib
from collections.abc import Iterable
from typing import Any

import torch
from safetensors.torch import load_model
from torch import nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer

from oumi_runtime.core.distributed import is_world_process_zero


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


class Sharded(Parallelism):
    """Every process has a part of each weight, as `fully_shard` cuts them."""

    def __init__(self, model: nn.Module, whole: nn.Module) -> None:
        """Takes the sharded model.

        Args:
            model: The sharded model.
            whole: A copy on the CPU from before it was sharded, which keeps tied
                weights tied.
        """
        super().__init__(model)
        self._whole = whole

    def whole_model(self) -> nn.Module:
        """The copy from before the sharding, with the weights of now."""
        state = get_model_state_dict(self.model, options=_gathered())
        if is_world_process_zero():
            # Of weights that are tied, the state holds one.
            self._whole.load_state_dict(state, strict=False)
        return self._whole

    def load_weights(self, path: str) -> None:
        """Takes this process's parts of the weights of a safetensors file."""
        load_model(self._whole, path)
        set_model_state_dict(
            self.model, self._whole.state_dict(), options=_gathered(offload=False)
        )

    def optimizer_state(self, optimizer: Optimizer) -> dict[str, Any]:
        """The state of every part, gathered; empty in all processes but the first."""
        return get_optimizer_state_dict(self.model, optimizer, options=_gathered())

    def load_optimizer_state(self, optimizer: Optimizer, state: dict[str, Any]) -> None:
        """Takes this process's parts of a gathered state."""
        set_optimizer_state_dict(
            self.model, optimizer, state, options=_gathered(offload=False)
        )


def _gathered(*, offload: bool = True) -> StateDictOptions:
    return StateDictOptions(full_state_dict=True, cpu_offload=offload)


def is_spread(tensors: Iterable[torch.Tensor]) -> bool:
    """Whether some of them are spread over processes."""
    return any(hasattr(tensor, "full_tensor") for tensor in tensors)


def to_local(value: torch.Tensor) -> torch.Tensor:
    """A scalar that may be spread over processes, as a plain tensor."""
    full_tensor = getattr(value, "full_tensor", None)
    return value if full_tensor is None else full_tensor()
