"""The native trainer: a plain PyTorch loop with the state to stop and go on exactly.

Everything it uses is built and passed in. Losses and gradient norms stay on the device
and are read only where they are logged, evaluated or saved.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_model
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.datasets.columns import Batch
from oumi_runtime.core.trainers.base_trainer import BaseTrainer, save_weights
from oumi_runtime.core.trainers.batches import EvalBatches, TrainBatches, loss_weights
from oumi_runtime.core.trainers.callbacks import TrainingCallback, TrainingState
from oumi_runtime.core.trainers.checkpoints import CheckpointStore, verify
from oumi_runtime.core.trainers.evaluation import MetricsFunction, evaluate_model
from oumi_runtime.core.trainers.log_window import LogWindow
from oumi_runtime.core.trainers.precision import build_precision
from oumi_runtime.core.trainers.state_files import (
    load_state_tree,
    random_state,
    save_state_tree,
    set_random_state,
)
from oumi_runtime.exceptions import CheckpointError, NonFiniteLossError


class Trainer(BaseTrainer):
    """Trains a model whose forward returns its loss."""

    def __init__(
        self,
        *,
        model: nn.Module,
        optimizer: Optimizer,
        scheduler: LRScheduler,
        args: TrainingParams,
        train_batches: TrainBatches,
        total_steps: int,
        eval_batches: EvalBatches | None = None,
        metrics_function: MetricsFunction | None = None,
        callbacks: Sequence[TrainingCallback] = (),
    ) -> None:
        """Takes the parts, all of them on the model's device.

        Args:
            model: Its forward takes a batch's columns by name and returns `loss`.
            optimizer: Holds the model's parameters.
            scheduler: Steps once for each optimizer step.
            args: When to log, evaluate and save, how to clip, in which precision.
            train_batches: The batches of every epoch.
            total_steps: Optimizer steps of the whole training.
            eval_batches: What to evaluate on; no evaluation if None.
            metrics_function: Computes metrics in an evaluation, beside the loss.
            callbacks: What else to do at each event.
        """
        self.model = model
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.args = args
        self.state = TrainingState(total_steps, train_batches.steps_per_epoch)
        self.checkpoints = CheckpointStore(args.output_dir)
        self._train_batches = train_batches
        self._eval_batches = eval_batches
        self._metrics_function = metrics_function
        self._callbacks = list(callbacks)
        self._parameters = [p for p in model.parameters() if p.requires_grad]
        self._autocast, self._scaler = build_precision(
            model, args.mixed_precision_dtype
        )
        self._last_eval_metrics: dict[str, float] = {}
        self._log_window = LogWindow()

    def train(self, resume_from_checkpoint: str | None = None) -> None:
        """Trains to the end; see `BaseTrainer.train`.

        Raises:
            CheckpointError: The checkpoint is not whole.
            NonFiniteLossError: The loss became NaN or infinite.
        """
        if resume_from_checkpoint is not None:
            self._load_state(Path(resume_from_checkpoint))
        self.model.train()
        self._emit("on_train_begin")
        try:
            while self.state.global_step < self.state.total_steps:
                self._train_epoch()
            self._read_losses()
        finally:
            self._emit("on_train_end")

    def _train_epoch(self) -> None:
        """Trains what is left of the running epoch, and of the training."""
        state, args = self.state, self.args
        steps_left = state.total_steps - state.global_step
        epoch = self._train_batches.epoch(state.epoch, state.step_in_epoch)
        for _, micro_batches in zip(range(steps_left), epoch, strict=False):
            learning_rate = float(self.scheduler.get_last_lr()[0])
            loss, grad_norm = self._step(micro_batches)
            state.global_step += 1
            state.step_in_epoch += 1
            self._log_window.add(loss)
            self._emit("on_step_end")
            if self._is_due(args.logging_steps) or self._is_first_log():
                self._log(learning_rate, grad_norm)
            if args.eval_strategy == "steps" and self._is_due(args.eval_steps):
                self.evaluate()
            if self._is_due(args.save_steps):
                self.save_state()
        if state.step_in_epoch == state.steps_per_epoch:
            state.epoch, state.step_in_epoch = state.epoch + 1, 0
        if args.eval_strategy == "epoch":
            self.evaluate()
        if args.save_epoch:
            self.save_state()

    def _step(
        self, micro_batches: list[Batch]
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """One optimizer step over all its micro-batches.

        Returns:
            The mean loss over the step's targets and the gradient's norm before it was
            clipped (None where it is not), both scalars on the device.
        """
        step_loss: torch.Tensor | float = 0.0
        weights = loss_weights(micro_batches)
        for batch, weight in zip(micro_batches, weights, strict=True):
            with self._autocast():
                loss = self.model(**batch)["loss"] * weight
            self._scaler.scale(loss).backward()
            step_loss = step_loss + loss.detach()
        grad_norm = None
        if self.args.max_grad_norm:
            self._scaler.unscale_(self.optimizer)
            grad_norm = nn.utils.clip_grad_norm_(
                self._parameters, self.args.max_grad_norm
            )
        self._scaler.step(self.optimizer)
        self._scaler.update()
        self.scheduler.step()
        self.optimizer.zero_grad(set_to_none=True)
        return torch.as_tensor(step_loss), grad_norm

    def evaluate(self) -> dict[str, float]:
        """Evaluates on the evaluation dataset; see `BaseTrainer.evaluate`.

        Returns:
            `eval_loss`, and `eval_` with each metric's name; empty where there is no
            evaluation dataset.
        """
        if self._eval_batches is None:
            return {}
        with self._log_window.paused():
            metrics = evaluate_model(
                self.model, self._eval_batches, self._metrics_function, self._autocast
            )
        self._last_eval_metrics = {f"eval_{k}": v for k, v in metrics.items()}
        self._emit("on_log", self._last_eval_metrics)
        return self._last_eval_metrics

    def get_last_eval_metrics(self) -> dict[str, float]:
        """What the last evaluation returned; empty before the first."""
        return self._last_eval_metrics

    def save_state(self) -> None:
        """Saves all that the training needs to go on from here exactly.

        Raises:
            NonFiniteLossError: The loss is not finite; nothing is saved.
        """
        self._read_losses()
        step = self.state.global_step
        with self._log_window.paused(), self.checkpoints.writing(step) as folder:
            save_weights(self.model, folder)
            save_state_tree(self._state_tree(), folder, "training_state")
        path = self.checkpoints.output_dir / f"checkpoint-{step}"
        self._emit("on_save", path)

    def _state_tree(self) -> dict[str, Any]:
        """All but the weights."""
        return {
            "trainer": "oumi",
            "progress": dataclasses.asdict(self.state),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "scaler": self._scaler.state_dict(),
            "log_window": self._log_window.state_dict(),
            "random": random_state(),
        }

    def _load_state(self, folder: Path) -> None:
        verify(folder)
        tree = load_state_tree(folder, "training_state")
        if tree["trainer"] != "oumi":
            raise CheckpointError(
                f"{folder} was saved by the {tree['trainer'].upper()} trainer; resume "
                f"it with training.trainer_type {tree['trainer'].upper()}"
            )
        load_model(self.model, folder / "model.safetensors")
        progress = tree["progress"]
        if progress["steps_per_epoch"] != self.state.steps_per_epoch:
            raise CheckpointError(
                f"{folder} was saved with {progress['steps_per_epoch']} steps an "
                f"epoch, now there are {self.state.steps_per_epoch}; resume with the "
                "same data and batch size, or start anew in another "
                "training.output_dir"
            )
        self.state.global_step = progress["global_step"]
        self.state.epoch = progress["epoch"]
        self.state.step_in_epoch = progress["step_in_epoch"]
        self.optimizer.load_state_dict(tree["optimizer"])
        self.scheduler.load_state_dict(tree["scheduler"])
        self._scaler.load_state_dict(tree["scaler"])
        self._log_window.load_state_dict(tree["log_window"])
        set_random_state(tree["random"])

    def _log(self, learning_rate: float, grad_norm: torch.Tensor | None) -> None:
        metrics = {"loss": self._read_losses(), "learning_rate": learning_rate}
        if grad_norm is not None:
            metrics["grad_norm"] = grad_norm.item()
        metrics["samples_per_second"] = (
            self._log_window.steps_per_second() * self._train_batches.step_samples
        )
        self._log_window.reset()
        self._emit("on_log", metrics)

    def _read_losses(self) -> float:
        """The mean loss since the last log, which must be finite."""
        if not self._log_window.is_finite:
            raise NonFiniteLossError(self.state.global_step, self.checkpoints.latest())
        return self._log_window.mean_loss()

    def _is_due(self, every_steps: int) -> bool:
        return every_steps > 0 and self.state.global_step % every_steps == 0

    def _is_first_log(self) -> bool:
        return self.args.logging_first_step and self.state.global_step == 1

    def _emit(self, event: str, *facts: Any) -> None:
        for callback in self._callbacks:
            getattr(callback, event)(self.state, *facts)
