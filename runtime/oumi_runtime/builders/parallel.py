"""Spreads a model over the processes that train it together."""

from torch import nn

from oumi_runtime.core.configs import (
    FSDPParams,
    ShardingStrategy,
    TrainerType,
    TrainingParams,
)
from oumi_runtime.core.distributed import is_distributed
from oumi_runtime.core.trainers.parallel import Parallelism, Replicated


def build_parallelism(
    model: nn.Module, params: TrainingParams, fsdp: FSDPParams
) -> Parallelism:
    """Decides how a model is spread, and spreads it.

    Args:
        model: The model, on this process's device.
        params: The training section of the config.
        fsdp: The fsdp section.

    Returns:
        The model alone in one process; in several, sharded where fsdp is enabled, and
        else replicated. The transformers trainer spreads it by itself.

    Raises:
        ModelBuildError: No module of the model is of the class to shard.
    """
    if not is_distributed() or params.trainer_type is TrainerType.HF:
        return Parallelism(model)
    is_sharded = fsdp.sharding_strategy is not ShardingStrategy.NO_SHARD
    if fsdp.enable_fsdp and is_sharded:
        # Imported only where it is used: it loads what takes torch a second.
        from oumi_runtime.builders.sharding import shard_model

        return shard_model(model, params, fsdp)
    return Replicated(
        model, find_unused_parameters=bool(params.ddp_find_unused_parameters)
    )
