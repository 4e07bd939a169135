"""transformers.Trainer on our models: its loop and callbacks, our data order and files.

The batches, the loss over accumulated micro-batches, the evaluation and the checkpoints
are those of the native trainer, so both trainers give the same losses.
"""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import nn

from oumi_runtime.core.configs import MixedPrecisionDtype, TrainingParams
from oumi_runtime.core.trainers.base_trainer import STATE_NAME, BaseTrainer
from oumi_runtime.core.trainers.checkpoints.manifest import verify
from oumi_runtime.core.trainers.checkpoints.state_checks import fitting
from oumi_runtime.core.trainers.checkpoints.state_files import load_state_tree
from oumi_runtime.core.trainers.hf_loop import HuggingFaceLoop
from oumi_runtime.core.trainers.parts import TrainingParts
from oumi_runtime.core.trainers.shared_requests import agree_on
from oumi_runtime.exceptions import TrainerArgumentError, first_line

_OF_THEIR_MODELS = {
    "gradient_checkpointing": "set training.enable_gradient_checkpointing",
    "label_smoothing_factor": "smooth the labels in its criterion",
    "neftune_noise_alpha": "add noise to its embeddings in forward",
}


class HuggingFaceTrainer(BaseTrainer):
    """Trains with transformers.Trainer; a drop-in for the native trainer."""

    def __init__(self, parts: TrainingParts) -> None:
        """Initializes the trainer with the parts it works on.

        Raises:
            ValueError: `parts.meter` is set, which this trainer does not support.
            TrainerArgumentError: transformers refuses `parts.params.trainer_kwargs`.
        """
        super().__init__(parts)
        if parts.meter is not None:
            raise ValueError(
                "training.include_performance_metrics is the native trainer's; set "
                "training.trainer_type: oumi"
            )
        device = next(self.model.parameters()).device
        _refuse_what_only_theirs_have(self.model, parts.params.trainer_kwargs)
        with _argument_errors(parts.params.trainer_kwargs):
            self._loop = HuggingFaceLoop(
                self,
                model=self.model,
                args=_to_hf(parts.params, parts.total_steps, device),
                train_dataset=parts.train_batches.dataset,
                optimizers=(parts.optimizer, parts.scheduler),
                callbacks=[_Bridge(self)],
            )
        self._loop.remove_callback(transformers.PrinterCallback)

    def train(self, resume_from_checkpoint: str | None = None) -> None:
        """Trains to the end; see `BaseTrainer.train`."""
        if resume_from_checkpoint is not None:
            self._check(Path(resume_from_checkpoint))
        try:
            self._loop.train(resume_from_checkpoint=resume_from_checkpoint)
            self.report_checkpoints(wait=True)
        except Exception:
            self.finish_writing()
            raise
        finally:
            self.emit("on_train_end")

    def _check(self, folder: Path) -> None:
        verify(folder)
        with fitting(folder):
            self.check_state(folder, load_state_tree(folder, STATE_NAME))

    def save_state(self) -> None:
        """Saves a checkpoint; see `BaseTrainer.save_state`."""
        self._loop.save_training_state()
        self.report_checkpoints()


class _Bridge(transformers.TrainerCallback):
    """Forwards transformers' events, and decides when to evaluate and save."""

    def __init__(self, owner: HuggingFaceTrainer) -> None:
        self._owner = owner

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._follow(state)
        self._owner.emit("on_train_begin")

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._follow(state)
        self._owner.emit("on_step_end")
        self._owner.report_checkpoints()
        agree_on(self._owner.state.requests)
        due = self._owner.events.after_step(self._owner.state)
        control.should_log |= due.log or self._is_stopping()
        control.should_evaluate = due.evaluate
        control.should_save = due.save
        control.should_training_stop |= self._owner.state.requests.stop is not None

    def _is_stopping(self) -> bool:
        is_asked = self._owner.state.requests.stop is not None
        return is_asked and self._owner.events.logs_steps

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        control.should_save |= self._owner.takes_request_to_save()
        control.should_training_stop |= self._owner.state.requests.stop is not None
        control.should_log |= self._is_stopping()

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        control.should_evaluate = self._owner.events.evaluate.epoch
        control.should_save = self._owner.events.save.epoch

    def on_log(
        self,
        args: Any,
        state: Any,
        control: Any,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        if logs is None or "loss" not in logs:
            return  # The summary at the end of the training.
        self._owner.check_finite(logs["loss"])
        metrics = {name: value for name, value in logs.items() if name != "epoch"}
        self._owner.emit("on_log", metrics)

    def _follow(self, state: Any) -> None:
        ours = self._owner.state
        ours.global_step = state.global_step
        ours.epoch, ours.step_in_epoch = divmod(state.global_step, ours.steps_per_epoch)


def _refuse_what_only_theirs_have(model: nn.Module, given: Mapping[str, Any]) -> None:
    """Raises for arguments that call methods which only transformers' models have."""
    if isinstance(model, transformers.PreTrainedModel):
        return
    for name, instead in _OF_THEIR_MODELS.items():
        if given.get(name):
            raise TrainerArgumentError(
                f"{type(model).__name__} is not a model of transformers; {instead}",
                name,
            )


@contextlib.contextmanager
def _argument_errors(given: Mapping[str, Any]) -> Iterator[None]:
    """Says of what transformers refuses that it comes from the user's arguments."""
    try:
        yield
    except (ValueError, TypeError, RuntimeError, ImportError) as error:
        if not given:
            raise
        raise TrainerArgumentError(first_line(error)) from error


def _to_hf(
    params: TrainingParams, total_steps: int, device: torch.device
) -> transformers.TrainingArguments:
    """Translates the config to TrainingArguments; `_Bridge` decides when to save."""
    arguments: dict[str, Any] = {
        "output_dir": params.output_dir,
        "per_device_train_batch_size": params.per_device_train_batch_size,
        "per_device_eval_batch_size": params.per_device_eval_batch_size,
        "gradient_accumulation_steps": params.gradient_accumulation_steps,
        "max_steps": total_steps,
        "max_grad_norm": params.max_grad_norm or 0.0,
        "logging_strategy": params.logging_strategy,
        "logging_steps": params.logging_steps,
        "logging_first_step": params.logging_first_step,
        "logging_nan_inf_filter": False,
        "save_strategy": "no",
        "eval_strategy": "no",
        "seed": params.seed,
        "data_seed": params.data_seed,
        "bf16": params.mixed_precision_dtype is MixedPrecisionDtype.BF16,
        "fp16": params.mixed_precision_dtype is MixedPrecisionDtype.FP16,
        "use_cpu": device.type == "cpu",
        "dataloader_pin_memory": device.type == "cuda",
        "ddp_find_unused_parameters": bool(params.ddp_find_unused_parameters),
        "average_tokens_across_devices": False,
        "remove_unused_columns": False,
        "label_names": ["labels"],
        "report_to": [],
        "disable_tqdm": True,
    }
    # The user's own arguments take precedence.
    found = transformers.TrainingArguments(**arguments | params.trainer_kwargs)
    if found.n_gpu > 1:
        # Otherwise the trainer takes all GPUs, with a micro-batch for each.
        found._n_gpu = 1  # noqa: SLF001  # There is no public argument.
    return found
