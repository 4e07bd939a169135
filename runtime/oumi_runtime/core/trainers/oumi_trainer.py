"""The native trainer: a plain PyTorch loop with the state to stop and go on exactly.

Everything it uses is built and passed in. Losses and gradient norms stay on the device
and are read only where they are logged, evaluated or saved.
"""

import dataclasses
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import nn

from oumi_runtime.core.distributed import (
    all_gather_object,
    barrier,
    get_rank,
    is_world_process_zero,
)
from oumi_runtime.core.trainers.base_trainer import BaseTrainer, save_weights
from oumi_runtime.core.trainers.batches import MicroBatch
from oumi_runtime.core.trainers.checkpoints import verify
from oumi_runtime.core.trainers.log_window import LogWindow
from oumi_runtime.core.trainers.parallel import to_local
from oumi_runtime.core.trainers.parts import TrainingParts
from oumi_runtime.core.trainers.state_files import (
    load_state_tree,
    random_state,
    save_state_tree,
    set_random_state,
)
from oumi_runtime.exceptions import CheckpointError


class Trainer(BaseTrainer):
    """Trains a model whose forward returns its loss."""

    def __init__(self, parts: TrainingParts) -> None:
        """Takes the parts."""
        super().__init__(parts)
        self._parameters = [p for p in self.model.parameters() if p.requires_grad]
        self._log_window = LogWindow()
        self._learning_rate = 0.0
        self._grad_norm: torch.Tensor | None = None

    def train(self, resume_from_checkpoint: str | None = None) -> None:
        """Trains to the end; see `BaseTrainer.train`."""
        if resume_from_checkpoint is not None:
            self._load_state(Path(resume_from_checkpoint))
        self.parallelism.forward.train()
        self.emit("on_train_begin")
        try:
            while self.state.global_step < self.state.total_steps:
                self._train_epoch()
            self._read_losses()
        finally:
            self.emit("on_train_end")

    def _train_epoch(self) -> None:
        """Trains what is left of the running epoch, and of the training."""
        state, events = self.state, self.events
        steps_left = state.total_steps - state.global_step
        epoch = self.parts.train_batches.epoch(state.epoch, state.step_in_epoch)
        for _, micro_batches in zip(range(steps_left), epoch, strict=False):
            self._log_window.add(self._step(micro_batches))
            state.global_step += 1
            state.step_in_epoch += 1
            self.emit("on_step_end")
            if events.logs_after(state.global_step):
                self._log()
            if events.evaluate.is_due(state.global_step):
                self.evaluate()
            if events.save.is_due(state.global_step):
                self.save_state()
        if state.step_in_epoch == state.steps_per_epoch:
            state.epoch, state.step_in_epoch = state.epoch + 1, 0
        if events.log.epoch:
            self._log()
        if events.evaluate.epoch:
            self.evaluate()
        if events.save.epoch:
            self.save_state()

    def _step(self, micro_batches: list[MicroBatch]) -> torch.Tensor:
        """One optimizer step over all its micro-batches.

        Returns:
            This process's part of the mean loss over the step's targets, a scalar on
            the device.
        """
        step_loss: torch.Tensor | float = 0.0
        with self._measured(micro_batches):
            for number, (columns, weight) in enumerate(micro_batches, start=1):
                is_last = number == len(micro_batches)
                with nullcontext() if is_last else self.parallelism.accumulating():
                    with self.autocast():
                        loss = self.parallelism.forward(**columns)["loss"] * weight
                    self.scaler.scale(loss).backward()
                step_loss = step_loss + loss.detach()
        if self.params.max_grad_norm:
            self.scaler.unscale_(self.optimizer)
            self._grad_norm = nn.utils.clip_grad_norm_(
                self._parameters, self.params.max_grad_norm
            )
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self._learning_rate = float(self.scheduler.get_last_lr()[0])
        self.scheduler.step()
        self.optimizer.zero_grad(set_to_none=True)
        return torch.as_tensor(step_loss)

    def _measured(self, step: list[MicroBatch]) -> AbstractContextManager[None]:
        if self.parts.meter is None:
            return nullcontext()
        return self.parts.meter.step([batch.columns for batch in step])

    def save_state(self) -> None:
        """Saves a checkpoint; see `BaseTrainer.save_state`."""
        self._read_losses()
        path = self.checkpoints.output_dir / f"checkpoint-{self.state.global_step}"
        with self.untimed():
            whole_model = self.parallelism.whole_model()
            tree = self._state_tree()
            if is_world_process_zero():
                with self.checkpoints.writing(self.state.global_step) as folder:
                    save_weights(whole_model, folder)
                    save_state_tree(tree, folder, "training_state")
            barrier()
        self.emit("on_save", path)

    def untimed(self) -> AbstractContextManager[None]:
        """The context of work that does not count as training in the log's speed."""
        return self._log_window.paused()

    def _state_tree(self) -> dict[str, Any]:
        """All but the weights."""
        return {
            "trainer": "oumi",
            "progress": dataclasses.asdict(self.state),
            "optimizer": self.parallelism.optimizer_state(self.optimizer),
            "scheduler": self.scheduler.state_dict(),
            "scaler": self.scaler.state_dict(),
            "log_window": self._log_window.state_dict(),
            "random": all_gather_object(random_state()),
        }

    def _load_state(self, folder: Path) -> None:
        verify(folder)
        tree = load_state_tree(folder, "training_state")
        if tree["trainer"] != "oumi":
            raise CheckpointError(
                f"{folder} was saved by the {tree['trainer'].upper()} trainer; resume "
                f"it with training.trainer_type {tree['trainer'].upper()}"
            )
        self.parallelism.load_weights(str(folder / "model.safetensors"))
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
        self.parallelism.load_optimizer_state(self.optimizer, tree["optimizer"])
        self.scheduler.load_state_dict(tree["scheduler"])
        self.scaler.load_state_dict(tree["scaler"])
        self._log_window.load_state_dict(tree["log_window"])
        # A process that was not there before takes the state of the first.
        states = tree["random"]
        set_random_state(states[get_rank() if get_rank() < len(states) else 0])

    def _log(self) -> None:
        metrics = {"loss": self._read_losses(), "learning_rate": self._learning_rate}
        if self._grad_norm is not None:
            metrics["grad_norm"] = to_local(self._grad_norm).item()
        steps, seconds = self._log_window.speed()
        samples_per_second = steps * self.parts.train_batches.step_samples / seconds
        metrics["samples_per_second"] = samples_per_second
        if self.parts.meter is not None:
            metrics |= self.parts.meter.metrics(samples_per_second, seconds)
        self._log_window.reset()
        self.emit("on_log", metrics)

    def _read_losses(self) -> float:
        """The mean loss since the last log, which must be finite."""
        return self.check_finite(self._log_window.mean_loss())
