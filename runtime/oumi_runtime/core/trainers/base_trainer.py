"""What every trainer has, whichever loop it runs."""

import contextlib
import math
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from safetensors.torch import save_model
from torch import nn

from oumi_runtime.core.distributed import is_world_process_zero
from oumi_runtime.core.models.base_model import BaseModel
from oumi_runtime.core.trainers.callbacks import TrainingState
from oumi_runtime.core.trainers.checkpoints import CheckpointStore
from oumi_runtime.core.trainers.evaluation import evaluate_model
from oumi_runtime.core.trainers.events import Events
from oumi_runtime.core.trainers.parts import TrainingParts
from oumi_runtime.core.trainers.precision import build_precision
from oumi_runtime.exceptions import NonFiniteLossError


class BaseTrainer(ABC):
    """Trains one model on one dataset."""

    def __init__(self, parts: TrainingParts) -> None:
        """Takes the parts."""
        params = parts.params
        self.parts = parts
        self.params = params
        self.parallelism = parts.parallelism
        self.model = parts.parallelism.model
        self.optimizer = parts.optimizer
        self.scheduler = parts.scheduler
        self.state = TrainingState(
            parts.total_steps, parts.train_batches.steps_per_epoch
        )
        self.events = Events.of(params, parts.total_steps)
        self.checkpoints = CheckpointStore(params.output_dir)
        self.autocast, self.scaler = build_precision(
            self.model, params.mixed_precision_dtype
        )
        self._last_eval_metrics: dict[str, float] = {}

    @abstractmethod
    def train(self, resume_from_checkpoint: str | None = None) -> None:
        """Trains to the end.

        Args:
            resume_from_checkpoint: A checkpoint's folder to go on from; from the start
                if None.

        Raises:
            CheckpointError: The checkpoint is not whole, or is another trainer's.
            NonFiniteLossError: The loss became NaN or infinite.
        """

    @abstractmethod
    def save_state(self) -> None:
        """Saves a checkpoint, with all that is needed to go on from it exactly.

        Every process must call it.

        Raises:
            NonFiniteLossError: The loss is not finite; nothing is saved.
        """

    def evaluate(self) -> dict[str, float]:
        """Evaluates on the evaluation dataset.

        Returns:
            `eval_loss`, and `eval_` with each metric's name; empty where there is no
            evaluation dataset.
        """
        if self.parts.eval_batches is None:
            return {}
        with self.untimed():
            metrics = evaluate_model(
                self.parallelism.forward,
                self.parts.eval_batches,
                self.parts.metrics_function,
                self.autocast,
            )
        self._last_eval_metrics = {f"eval_{k}": v for k, v in metrics.items()}
        self.emit("on_log", self._last_eval_metrics)
        return self._last_eval_metrics

    def get_last_eval_metrics(self) -> dict[str, float]:
        """What the last evaluation returned; empty before the first."""
        return self._last_eval_metrics

    def save_model(self, output_dir: str | Path) -> None:
        """Saves the model as `save_pretrained` does. Every process must call it."""
        whole_model = self.parallelism.whole_model()
        if is_world_process_zero():
            save_weights(whole_model, Path(output_dir))

    def emit(self, event: str, *facts: Any) -> None:
        """Calls every callback's method of that name."""
        for callback in self.parts.callbacks:
            getattr(callback, event)(self.state, *facts)

    def check_finite(self, loss: float) -> float:
        """Returns the loss; raises NonFiniteLossError where it is NaN or infinite."""
        if not math.isfinite(loss):
            raise NonFiniteLossError(self.state.global_step, self.checkpoints.latest())
        return loss

    def untimed(self) -> contextlib.AbstractContextManager[None]:
        """The context of work that does not count as training in the log's speed."""
        return contextlib.nullcontext()


def save_weights(model: nn.Module, folder: Path) -> None:
    """Saves a model's weights, and its config where it is a `BaseModel`."""
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(model, BaseModel):
        model.save_pretrained(folder)
    else:
        save_model(model, str(folder / "model.safetensors"))
