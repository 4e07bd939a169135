"""A model sharded over processes (FSDP2).

States are gathered and scattered here; a trainer sees those of a single process.
Importing this takes a second, so it is imported only if a model is sharded.
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
    """Every process has a shard of each weight, as made by `fully_shard`."""

    def __init__(self, model: nn.Module, whole: nn.Module) -> None:
        """Wraps a sharded model.

        Args:
            model: The sharded model.
            whole: A copy on the CPU made before sharding, in which tied weights are
                still tied.
        """
        super().__init__(model)
        self._whole = whole

    def whole_model(self) -> nn.Module:
        """Returns the unsharded copy, with the current weights."""
        state = get_model_state_dict(self.model, options=_gathered())
        if is_world_process_zero():
            # The state holds only one of several tied weights.
            self._whole.load_state_dict(state, strict=False)
        return self._whole

    def load_weights(self, path: str) -> None:
        """Loads this process's shards of the weights from a safetensors file."""
        load_model(self._whole, path)
        set_model_state_dict(
            self.model, self._whole.state_dict(), options=_gathered(offload=False)
        )

    def optimizer_state(self, optimizer: Optimizer) -> dict[str, Any]:
        """Returns the gathered state; it is empty in all processes but the first."""
        return get_optimizer_state_dict(self.model, optimizer, options=_gathered())

    def load_optimizer_state(self, optimizer: Optimizer, state: dict[str, Any]) -> None:
        """Restores this process's shards from a gathered state."""
        set_optimizer_state_dict(
            self.model, optimizer, state, options=_gathered(offload=False)
        )


def _gathered(*, offload: bool = True) -> StateDictOptions:
    return StateDictOptions(full_state_dict=True, cpu_offload=offload)
