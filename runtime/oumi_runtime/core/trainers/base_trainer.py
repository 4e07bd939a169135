"""What all trainers share: evaluation, checkpoints, callbacks."""

import contextlib
import dataclasses
import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import save_model
from torch import nn

from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.distributed import is_world_process_zero, share_buffers
from oumi_runtime.core.log import logger
from oumi_runtime.core.models.base_model import BaseModel
from oumi_runtime.core.models.packed_tensors import pack_tensors
from oumi_runtime.core.models.saved_form import (
    CONFIG_FILENAME,
    WEIGHTS_FILENAME,
    config_bytes,
    stored_weights,
)
from oumi_runtime.core.trainers.callbacks import TrainingCallback, TrainingState
from oumi_runtime.core.trainers.checkpoints.retention import Retention
from oumi_runtime.core.trainers.checkpoints.snapshot import FileContent, Snapshot
from oumi_runtime.core.trainers.checkpoints.state_checks import (
    check_optimizer,
    check_progress,
    check_scheduler,
    check_weights,
)
from oumi_runtime.core.trainers.checkpoints.state_files import state_files
from oumi_runtime.core.trainers.checkpoints.store import CheckpointStore
from oumi_runtime.core.trainers.checkpoints.writer import CheckpointWriter
from oumi_runtime.core.trainers.evaluation import evaluate_model
from oumi_runtime.core.trainers.events import Events
from oumi_runtime.core.trainers.parts import TrainingParts
from oumi_runtime.core.trainers.precision import build_precision
from oumi_runtime.core.trainers.shared_requests import agree_on
from oumi_runtime.exceptions import CheckpointError, NonFiniteLossError

STATE_NAME = "training_state"


class BaseTrainer(ABC):
    """Trains one model on one dataset."""

    def __init__(self, parts: TrainingParts) -> None:
        """Initializes the trainer with the parts it works on."""
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
        self.checkpoints = CheckpointStore(params.output_dir, _retention(params))
        self._writer = CheckpointWriter(self.checkpoints.write)
        self.autocast, self.scaler = build_precision(
            self.model, params.mixed_precision_dtype
        )
        self.bad_samples = parts.train_batches.loading.bad_samples
        self._config_files: dict[str, FileContent] | None = None
        self._last_eval_metrics: dict[str, float] = {}
        self._last_eval_step = -1

    @abstractmethod
    def train(self, resume_from_checkpoint: str | None = None) -> None:
        """Trains to the end.

        Args:
            resume_from_checkpoint: The checkpoint folder to resume from; None starts
                from the beginning.

        Raises:
            CheckpointError: The checkpoint is damaged, or was saved by another trainer.
            NonFiniteLossError: The loss became NaN or infinite.
        """

    @abstractmethod
    def save_state(self) -> None:
        """Saves a checkpoint with everything needed to resume from it exactly.

        Every process must call this.

        Raises:
            NonFiniteLossError: The loss is not finite; nothing is saved.
        """

    def check_state(self, folder: Path, tree: Mapping[str, Any]) -> None:
        """Checks that a checkpoint fits this training, before any of it is loaded.

        Args:
            folder: The checkpoint, for its weights.
            tree: The rest of its state.

        Raises:
            CheckpointError: Some part does not fit.
        """
        check_weights(folder, self.model)
        check_progress(folder, tree["progress"], self.state.total_steps)
        check_optimizer(folder, self.optimizer, tree["optimizer"])
        check_scheduler(folder, self.scheduler, tree["scheduler"])
        if not tree["random"]:  # It may be that of fewer processes than now.
            raise CheckpointError(f"{folder} holds no state of random numbers")

    def evaluate(self) -> dict[str, float]:
        """Evaluates on the evaluation dataset.

        Returns:
            `eval_loss`, and `eval_` with each metric's name; empty where there is no
            evaluation dataset.
        """
        return self.run_evaluation(lambda: None)

    def run_evaluation(self, before_batch: Callable[[], None]) -> dict[str, float]:
        """Evaluates; an exception from `before_batch` aborts it without any effect.

        Returns:
            See `evaluate`.
        """
        if self.parts.eval_batches is None:
            return {}
        # The model itself, not what wraps it: metrics may call methods of it.
        share_buffers(self.model)
        with self.untimed(), self.averaged():
            metrics = evaluate_model(
                self.model,
                self.parts.eval_batches,
                self.parts.metrics_function,
                self.autocast,
                before_batch,
            )
        self._last_eval_metrics = {f"eval_{k}": v for k, v in metrics.items()}
        self._last_eval_step = self.state.global_step
        self.emit("on_log", self._last_eval_metrics)
        return self._last_eval_metrics

    def takes_request_to_save(self) -> bool:
        """Returns whether a checkpoint is requested, and clears the request.

        Every process must call this, after an evaluation.
        """
        requests = self.state.requests
        agree_on(requests)
        asked, requests.save = requests.save, False
        return asked

    def get_last_eval_metrics(self) -> dict[str, float]:
        """Returns the metrics of the last evaluation; empty before the first."""
        return self._last_eval_metrics

    def save_model(self, output_dir: str | Path) -> None:
        """Saves the model as `save_pretrained` does. Every process must call this.

        With `training.ema_decay`, the averaged weights are saved.
        """
        with self.averaged():
            whole_model = self.parallelism.whole_model()
            if is_world_process_zero():
                save = self.parts.save_final or save_weights
                save(whole_model, Path(output_dir))

    def write_checkpoint(
        self, tree: dict[str, Any], more_files: Mapping[str, bytes] | None = None
    ) -> None:
        """Copies the state now, and writes it to a checkpoint in the background.

        Every process must call this.

        Args:
            tree: Everything needed to resume exactly, except the weights.
            more_files: Additional files for the checkpoint, by name.
        """
        self.emit("on_save_begin")
        share_buffers(self.model)
        whole_model = self.parallelism.whole_model()
        if not is_world_process_zero():
            return
        if self._config_files is None:  # They never change.
            self._config_files = config_files(whole_model)
        weights = pack_tensors(*stored_weights(whole_model))
        files = {WEIGHTS_FILENAME: weights, **state_files(tree, STATE_NAME)}
        files |= {**self._config_files, **self.parts.kept_files, **(more_files or {})}
        step = self.state.global_step
        is_measured = self._last_eval_step == step
        metrics = self._last_eval_metrics if is_measured else {}
        self._writer.submit(
            Snapshot(step, files, metrics), dataclasses.replace(self.state)
        )

    def report_checkpoints(self, *, wait: bool = False) -> None:
        """Tells the callbacks which checkpoints have been written since the last call.

        Args:
            wait: Whether to wait for those still being written.

        Raises:
            DiskFullError: A checkpoint could not be written.
        """
        if wait:
            self._writer.wait()
        self._writer.check()
        for path, state in self._writer.written():
            for callback in self.parts.callbacks:
                callback.on_save(state, path)

    def finish_writing(self) -> None:
        """Waits for pending writes while another error is being raised."""
        try:
            self.report_checkpoints(wait=True)
        except Exception as error:
            logger.warning("a checkpoint could not be written: %s", error)

    def callback_states(self) -> dict[str, Any]:
        """Returns the callbacks' states by class name, from the second one numbered."""
        states = {name: each.state_dict() for name, each in self._named_callbacks()}
        return {name: state for name, state in states.items() if state}

    def load_callback_states(self, states: dict[str, Any]) -> None:
        """Restores the callbacks' states."""
        for name, callback in self._named_callbacks():
            if (state := states.get(name)) is not None:
                callback.load_state_dict(state)

    def _named_callbacks(self) -> Iterator[tuple[str, TrainingCallback]]:
        counts: Counter[str] = Counter()
        for callback in self.parts.callbacks:
            name = type(callback).__name__
            counts[name] += 1
            yield name if counts[name] == 1 else f"{name} {counts[name]}", callback

    def emit(self, event: str, *facts: Any) -> None:
        """Calls the method of that name on every callback."""
        for callback in self.parts.callbacks:
            getattr(callback, event)(self.state, *facts)

    def check_finite(self, loss: float) -> float:
        """Returns the loss; raises NonFiniteLossError where it is NaN or infinite."""
        if not math.isfinite(loss):
            self.finish_writing()
            raise NonFiniteLossError(self.state.global_step, self.checkpoints.latest())
        return loss

    def averaged(self) -> contextlib.AbstractContextManager[None]:
        """Returns a context in which the model has its averaged weights, if any."""
        average = self.parts.average
        return contextlib.nullcontext() if average is None else average.applied()

    def adopt_average(self) -> None:
        """Replaces the weights with the averaged ones, if they are kept."""
        if self.parts.average is not None:
            self.parts.average.adopt()

    def untimed(self) -> contextlib.AbstractContextManager[None]:
        """Returns a context whose time is left out of the logged speed."""
        return contextlib.nullcontext()


def config_files(model: nn.Module) -> dict[str, FileContent]:
    """Returns the files that are saved along with the weights, by name."""
    if not isinstance(model, BaseModel):
        return {}
    return {CONFIG_FILENAME: config_bytes(model.saved_config())}


def save_weights(model: nn.Module, folder: Path) -> None:
    """Saves a model's weights, and its config where it is a `BaseModel`."""
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(model, BaseModel):
        model.save_pretrained(folder)
    else:
        save_model(model, str(folder / WEIGHTS_FILENAME))


def _retention(params: TrainingParams) -> Retention:
    return Retention(
        params.save_total_limit,
        params.save_best,
        params.metric_for_best_model,
        params.is_greater_better,
    )
