"""A model of which every process has a part (FSDP2).

Its states are gathered and spread out here; a trainer sees those of one process.
To import it takes a second, so it is imported only where a model is sharded.
"""

from typing import Any

from safetensors.torch import load_model
from torch import nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)
from torch.optim import Optimizer

from oumi_runtime.core.distributed import is_world_process_zero
from oumi_runtime.core.trainers.parallel import Parallelism


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
