"""Spreads a model over the processes that train it together."""

from torch import nn

from oumi_runtime.core.configs import TrainerType, TrainingParams
from oumi_runtime.core.distributed import is_distributed
from oumi_runtime.core.trainers.parallel import Parallelism, Replicated


def build_parallelism(model: nn.Module, params: TrainingParams) -> Parallelism:
    """Decides how a model is spread.

    Args:
        model: The model, on this process's device, with the same weights in each.
        params: The training section of the config.

    Returns:
        The model alone in one process, or replicated in each of several. The
        transformers trainer spreads it by itself.
    """
    if not is_distributed() or params.trainer_type is TrainerType.HF:
        return Parallelism(model)
    return Replicated(model, find_unused_parameters=False)
