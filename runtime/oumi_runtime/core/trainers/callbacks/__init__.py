"""Callbacks: what to do at the events of a training run."""

from oumi_runtime.core.trainers.callbacks.base_callback import (
    Requests,
    TrainingCallback,
    TrainingState,
)

__all__ = ["Requests", "TrainingCallback", "TrainingState"]
