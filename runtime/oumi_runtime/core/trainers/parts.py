"""The built objects that a trainer works with."""

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
    """The parts of a training run, all on the model's device."""

    parallelism: Parallelism
    """The model, and how it is distributed over processes. Its forward method takes the
    columns of a batch by name and returns `loss`."""
    optimizer: Optimizer
    """The optimizer of the model's parameters."""
    scheduler: LRScheduler
    """The learning rate schedule, which advances once per optimizer step."""
    params: TrainingParams
    """The training section of the config."""
    train_batches: TrainBatches | StreamBatches
    """The training data."""
    total_steps: int
    """Optimizer steps of the whole training."""
    eval_batches: EvalBatches | StreamEvalBatches | None = None
    """The evaluation data; no evaluation if None."""
    metrics_function: MetricsFunction | BatchMetrics | None = None
    """What an evaluation computes besides the loss."""
    meter: PerformanceMeter | None = None
    """Measures throughput and MFU for the log; they are not logged if None."""
    kept_files: Mapping[str, bytes] = field(default_factory=dict)
    """Additional files for every checkpoint, by name."""
    average: WeightAverage | None = None
    """The moving average of the weights, which is evaluated and saved in their
    place."""
    save_final: Callable[[nn.Module, Path], None] | None = None
    """Saves the final model to a folder; None saves it as in a checkpoint."""
    callbacks: Sequence[TrainingCallback] = ()
    """What to call at each event."""
