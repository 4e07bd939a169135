"""What is done beside a training, at its events."""

from oumi_runtime.core.trainers.callbacks.base_callback import (
    Requests,
    TrainingCallback,
    TrainingState,
)

__all__ = ["Requests", "TrainingCallback", "TrainingState"]
