"""What a trainer is made of, built and ready."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.trainers.batches.map_batches import EvalBatches, TrainBatches
from oumi_runtime.core.trainers.batches.stream_batches import (
    StreamBatches,
    StreamEvalBatches,
)
from oumi_runtime.core.trainers.callbacks import TrainingCallback
from oumi_runtime.core.trainers.evaluation import BatchMetrics, MetricsFunction
from oumi_runtime.core.trainers.optimizers.weight_average import WeightAverage
from oumi_runtime.core.trainers.parallel import Parallelism
from oumi_runtime.core.trainers.performance import PerformanceMeter


@dataclass(frozen=True, kw_only=True)
class TrainingParts:
    """The parts of a training, all of them on the model's device."""

    parallelism: Parallelism
    """The model, and how it is spread over processes. Its forward takes a batch's
    columns by name and returns `loss`."""
    optimizer: Optimizer
    """Holds the model's parameters."""
    scheduler: LRScheduler
    """Steps once for each optimizer step."""
    params: TrainingParams
    """When to log, evaluate and save, how to clip, in which precision."""
    train_batches: TrainBatches | StreamBatches
    """The batches of every epoch."""
    total_steps: int
    """Optimizer steps of the whole training."""
    eval_batches: EvalBatches | StreamEvalBatches | None = None
    """What to evaluate on; no evaluation if None."""
    metrics_function: MetricsFunction | BatchMetrics | None = None
    """What an evaluation measures beside the loss."""
    meter: PerformanceMeter | None = None
    """Counts tokens and arithmetic for the log; they are left out if None."""
    kept_files: Mapping[str, bytes] = field(default_factory=dict)
    """Files that every checkpoint holds besides, by name."""
    average: WeightAverage | None = None
    """The moving average of the weights, which is measured and saved in their place."""
    save_final: Callable[[nn.Module, Path], None] | None = None
    """Saves the whole model to a folder in the end; as in a checkpoint if None."""
    callbacks: Sequence[TrainingCallback] = ()
    """What else to do at each event."""
