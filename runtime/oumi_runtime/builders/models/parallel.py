"""Distributes a model over the processes that train it."""

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
    """Distributes a model over the processes of this run.

    Args:
        model: The model, on this process's device.
        params: The training section of the config.
        fsdp: The fsdp section.

    Returns:
        The undistributed model in a single process; in several, sharded if fsdp is
        enabled, and replicated otherwise. The transformers trainer distributes models
        by itself.

    Raises:
        ModelBuildError: The model has no module of the class to shard.
    """
    if not is_distributed() or params.trainer_type is TrainerType.HF:
        return Parallelism(model)
    is_sharded = fsdp.sharding_strategy is not ShardingStrategy.NO_SHARD
    if fsdp.enable_fsdp and is_sharded:
        # Imported only where it is used: it takes a second.
        from oumi_runtime.builders.models.sharding import shard_model

        return shard_model(model, params, fsdp)
    return Replicated(
        model, find_unused_parameters=bool(params.ddp_find_unused_parameters)
    )
