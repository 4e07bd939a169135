"""Runs callbacks of transformers in our trainers.

transformers is imported only if there is such a callback.
"""

import dataclasses
from pathlib import Path
from typing import Any

from oumi_runtime.core.trainers.callbacks import TrainingCallback, TrainingState
from oumi_runtime.core.trainers.parts import TrainingParts


class FromTransformers(TrainingCallback):
    """Adapts a `transformers.TrainerCallback`; its control flags become requests."""

    def __init__(self, callback: Any, parts: TrainingParts) -> None:
        """Wraps the callback, which is passed some of the parts of the training."""
        from transformers import TrainerControl, TrainerState, TrainingArguments

        self._callback = callback
        self._params = params = parts.params
        self._shown = {
            "model": parts.parallelism.model,
            "optimizer": parts.optimizer,
            "lr_scheduler": parts.scheduler,
            "processing_class": None,
            "train_dataloader": None,
            "eval_dataloader": None,
        }
        self._control = TrainerControl()
        self._state = TrainerState(max_steps=parts.total_steps)
        # Created before a transformers Trainer, whose device setup it would reset.
        self._arguments = TrainingArguments(
            output_dir=params.output_dir,
            per_device_train_batch_size=params.per_device_train_batch_size,
            learning_rate=params.learning_rate,
            max_steps=parts.total_steps,
            logging_steps=params.logging_steps,
            eval_strategy=params.eval_strategy,
            metric_for_best_model=params.metric_for_best_model,
            greater_is_better=params.is_greater_better,
            report_to=[],
        )

    def on_train_begin(self, state: TrainingState) -> None:
        """Forwards the start of the training."""
        self._call("on_train_begin", state)
        self._call("on_epoch_begin", state)

    def on_step_end(self, state: TrainingState) -> None:
        """Forwards the end of a step, and of an epoch."""
        self._call("on_step_end", state)
        if state.global_step % state.steps_per_epoch == 0:
            self._call("on_epoch_end", state)
            self._call("on_epoch_begin", state)
        if not state.is_over:
            self._call("on_step_begin", state)

    def on_log(self, state: TrainingState, metrics: dict[str, float]) -> None:
        """Forwards a log line or an evaluation."""
        row = {**metrics, "epoch": state.exact_epoch, "step": state.global_step}
        self._state.log_history.append(row)
        if any(name.startswith("eval_") for name in metrics):
            self._call("on_evaluate", state, metrics=dict(metrics))
            self._keep_best(metrics)
        self._call("on_log", state, logs=dict(metrics))

    def on_save(self, state: TrainingState, path: Path) -> None:
        """Forwards a saved checkpoint."""
        self._call("on_save", state)

    def on_train_end(self, state: TrainingState) -> None:
        """Forwards the end of the training."""
        self._call("on_train_end", state)

    def _keep_best(self, metrics: dict[str, float]) -> None:
        """Records the best value so far, which transformers' own callbacks rely on."""
        value = metrics.get(self._params.metric_for_best_model)
        best = self._state.best_metric
        if value is None:
            return
        if best is None or (value > best) is self._params.is_greater_better:
            self._state.best_metric = value

    def _call(self, event: str, state: TrainingState, **more: Any) -> None:
        self._state.global_step = state.global_step
        self._state.epoch = state.exact_epoch
        control = dataclasses.replace(self._control)
        arguments = (self._arguments, self._state, control)
        returned = getattr(self._callback, event)(*arguments, **self._shown, **more)
        asked = returned or control
        state.requests.log |= asked.should_log
        state.requests.evaluate |= asked.should_evaluate
        state.requests.save |= asked.should_save
        if asked.should_training_stop and state.requests.stop is None:
            name = type(self._callback).__name__
            state.requests.stop = f"{name} requested it"
