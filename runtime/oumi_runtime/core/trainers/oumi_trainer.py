"""The native trainer: a plain PyTorch loop that can stop and resume exactly.

Everything it uses is built beforehand and passed in. Losses and gradient norms stay on
the device, and are read only to log, evaluate or save.
"""

import dataclasses
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from oumi_runtime.core.distributed import (
    all_gather_object,
    get_rank,
    is_distributed,
)
from oumi_runtime.core.log import logger
from oumi_runtime.core.models.saved_form import WEIGHTS_FILENAME
from oumi_runtime.core.trainers.base_trainer import STATE_NAME, BaseTrainer
from oumi_runtime.core.trainers.batches.micro_batches import MicroBatch
from oumi_runtime.core.trainers.checkpoints.manifest import verify
from oumi_runtime.core.trainers.checkpoints.state_checks import fitting
from oumi_runtime.core.trainers.checkpoints.state_files import (
    load_state_tree,
    random_state,
    set_random_state,
)
from oumi_runtime.core.trainers.events import Due
from oumi_runtime.core.trainers.log_window import LogWindow
from oumi_runtime.core.trainers.parts import TrainingParts
from oumi_runtime.core.trainers.shared_requests import agree_on
from oumi_runtime.core.trainers.steps.bad_steps import BadSteps
from oumi_runtime.core.trainers.steps.captured_step import build_captured_step
from oumi_runtime.core.trainers.steps.measured_step import MeasuredStep
from oumi_runtime.core.trainers.steps.splitting_step import SplittingStep
from oumi_runtime.core.trainers.steps.train_step import Step, TrainStep
from oumi_runtime.exceptions import CheckpointError


class _NoTimeLeftError(Exception):
    """Aborts an evaluation from within."""


class Trainer(BaseTrainer):
    """Trains a model whose forward returns its loss."""

    def __init__(self, parts: TrainingParts) -> None:
        """Initializes the trainer with the parts it works on."""
        super().__init__(parts)
        self.step = self._build_step()
        """Runs one optimizer step on a list of micro-batches."""
        self._log_window = LogWindow(self.step.finite.loss_sum)
        self._postponed: Due | None = None
        """What there was no time for when the run stopped; done first on resuming."""
        self._bad_steps = BadSteps(parts, self.autocast)

    def _build_step(self) -> Step:
        parts, plain = self.parts, TrainStep(self.parts, self.autocast, self.scaler)
        step: Step
        if self.params.split_on_out_of_memory and not self._waits_for_others():
            step = SplittingStep(plain, parts.train_batches.ignore_index)
        else:
            step = build_captured_step(plain, parts, self.scaler)
        return step if parts.meter is None else MeasuredStep(step, parts.meter)

    def _waits_for_others(self) -> bool:
        """Whether a step cannot be begun again, as other processes are in it too."""
        if not is_distributed():
            return False
        logger.warning(
            "training.split_on_out_of_memory has no effect in several processes; a "
            "step that runs out of memory ends the run"
        )
        return True

    def train(self, resume_from_checkpoint: str | None = None) -> None:
        """Trains to the end; see `BaseTrainer.train`."""
        if resume_from_checkpoint is not None:
            self._load_state(Path(resume_from_checkpoint))
        self.parallelism.forward.train()
        self.emit("on_train_begin")
        agree_on(self.state.requests)
        self._log_window.start_clock()
        try:
            if self._postponed is not None:
                due, self._postponed = self._postponed, None
                self._attend_to(Due(evaluate=due.evaluate, save=due.save))
            while not self.state.is_over:
                self._train_epoch()
            if self.events.logs_steps and self._log_window.num_steps:
                self._log()
            self._read_losses()
            self.report_checkpoints(wait=True)
        except Exception:
            # Not for a second signal, which must not wait.
            self.finish_writing()
            raise
        finally:
            self.emit("on_train_end")

    def _train_epoch(self) -> None:
        """Trains until the end of the current epoch, or of the training."""
        state = self.state
        for step in self._steps_left():
            self._bad_steps.before_step()
            result = self.step(step)
            state.count_step()
            if not self.step.finite.reads_at_once or self._check_numbers(step):
                self._log_window.add(result)
                if self.parts.average is not None:
                    self.parts.average.update()
            self.emit("on_step_end")
            self.report_checkpoints()
            agree_on(state.requests)
            self._attend_to(self.events.after_step(state))
            if state.is_over:
                break
        if state.step_in_epoch == state.steps_per_epoch:
            state.epoch, state.step_in_epoch = state.epoch + 1, 0
        elif state.requests.stop is not None:
            return  # The epoch continues when the run is resumed.
        self._attend_to(self.events.after_epoch())

    def _steps_left(self) -> Iterator[list[MicroBatch]]:
        """Yields the micro-batches of each remaining step of the current epoch."""
        state, meter = self.state, self.parts.meter
        steps = self.parts.train_batches.epoch(state.epoch, state.step_in_epoch)
        return steps if meter is None else meter.waiting(steps)

    def _attend_to(self, due: Due) -> None:
        """Logs, evaluates and saves between two steps, as far as due."""
        if due.log:
            self._log()
        if due.evaluate:
            if not self._evaluate_in_time():
                self._postponed, due = due, Due(save=True)
            elif self.takes_request_to_save():
                due = dataclasses.replace(due, save=True)
        if due.save:
            self.save_state()
        if due != Due():
            agree_on(self.state.requests)

    def _evaluate_in_time(self) -> bool:
        """Evaluates; returns False if that was aborted because the run has to stop."""

        def abort_if_in_a_hurry() -> None:
            self.emit("on_eval_batch")
            agree_on(self.state.requests)
            if self.state.requests.hurry:
                raise _NoTimeLeftError

        try:
            self.run_evaluation(abort_if_in_a_hurry)
        except _NoTimeLeftError:
            logger.info("postponed the evaluation until the run is resumed")
            return False
        return True

    def _log(self) -> None:
        self._check_numbers()
        metrics = self._log_window.metrics()
        self.check_finite(metrics.get("loss", 0.0))
        steps, seconds = self._log_window.speed()
        samples_per_second = steps * self.parts.train_batches.step_samples / seconds
        metrics["samples_per_second"] = samples_per_second
        if self.parts.meter is not None:
            metrics |= self.parts.meter.metrics(samples_per_second, seconds)
        if self.bad_samples is not None and (count := self.bad_samples.gather()):
            metrics["bad_samples"] = float(count)
        self._log_window.reset()
        self.emit("on_log", metrics)

    def _read_losses(self) -> None:
        """Checks that all losses since the last log line were finite."""
        self._check_numbers()
        self.check_finite(self._log_window.mean_loss())
        if self.bad_samples is not None:
            self.bad_samples.gather()

    def _check_numbers(self, step: list[MicroBatch] | None = None) -> bool:
        """Returns whether all steps since the last check were finite.

        Args:
            step: The last step's micro-batches, if only that step can be at fault.
        """
        steps_ago = self.step.finite.first_bad_step()
        if steps_ago is not None:
            self._bad_steps.handle(self.state, steps_ago, self._last_good, step)
        elif step is not None:
            self._bad_steps.after_good_step()
        self.step.finite.reset()
        return steps_ago is None

    def _last_good(self) -> Path | None:
        self.finish_writing()
        return self.checkpoints.latest()

    def save_state(self) -> None:
        """Saves a checkpoint; see `BaseTrainer.save_state`."""
        self._read_losses()
        with self.untimed():
            self.write_checkpoint(self._state_tree())
        self.report_checkpoints()

    def untimed(self) -> AbstractContextManager[None]:
        """Returns a context whose time is left out of the logged speed."""
        return self._log_window.paused()

    def _state_tree(self) -> dict[str, Any]:
        """Returns the state for a checkpoint, except the weights."""
        average = self.parts.average
        return {
            "trainer": "oumi",
            "progress": self.state.state_dict(),
            "optimizer": self.parallelism.optimizer_state(self.optimizer),
            "scheduler": self.scheduler.state_dict(),
            "scaler": self.scaler.state_dict(),
            "log_window": all_gather_object(self._log_window.state_dict()),
            "random": all_gather_object(random_state()),
            "callbacks": self.callback_states(),
            "bad_samples": self._states_of_bad_samples(),
            "left": None if self._postponed is None else {"save": self._postponed.save},
            "average": None if average is None else average.state_dict(),
        }

    def _states_of_bad_samples(self) -> list[dict[str, Any]] | None:
        if self.bad_samples is None:
            return None
        return all_gather_object(self.bad_samples.state_dict())

    def _load_state(self, folder: Path) -> None:
        verify(folder)
        with fitting(folder):
            num_parameters = sum(1 for _ in self.model.parameters())
            tree = load_state_tree(folder, STATE_NAME, 1000 + 16 * num_parameters)
            self._restore(folder, tree)

    def _restore(self, folder: Path, tree: dict[str, Any]) -> None:
        if tree["trainer"] != "oumi":
            raise CheckpointError(
                f"{folder} was saved by the {tree['trainer'].upper()} trainer; resume "
                f"it with training.trainer_type: {tree['trainer']}"
            )
        self.check_state(folder, tree)
        progress = tree["progress"]
        if progress["steps_per_epoch"] != self.state.steps_per_epoch:
            raise CheckpointError(
                f"{folder} was saved with {progress['steps_per_epoch']} steps an "
                f"epoch, now there are {self.state.steps_per_epoch}; resume with the "
                "same data and batch size, or start over in another "
                "training.output_dir"
            )
        self.parallelism.load_weights(str(folder / WEIGHTS_FILENAME))
        self.state.load_state_dict(progress)
        self.parallelism.load_optimizer_state(self.optimizer, tree["optimizer"])
        self.scheduler.load_state_dict(tree["scheduler"])
        self.scaler.load_state_dict(tree["scaler"])
        self._log_window.load_states(tree["log_window"])
        self.load_callback_states(tree.get("callbacks", {}))
        if tree.get("left") is not None:
            self._postponed = Due(evaluate=True, save=bool(tree["left"]["save"]))
        if self.parts.average is not None:
            if tree.get("average") is None:
                raise CheckpointError(
                    f"{folder} was saved without training.ema_decay, so it holds no "
                    "average to resume from; leave ema_decay out, or start over"
                )
            self.parts.average.load_state_dict(tree["average"])
        if get_rank() < len(tree["random"]):
            set_random_state(_own(tree["random"]))
        if self.bad_samples is not None and tree.get("bad_samples"):
            self.bad_samples.load_state_dict(_own(tree["bad_samples"]))


def _own(states: list[Any]) -> Any:
    """Returns this process's state; a process that had none takes the first."""
    return states[get_rank() if get_rank() < len(states) else 0]
