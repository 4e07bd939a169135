"""Builds the trainer of a config, and its parts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import nn
from torch.utils.data import Dataset

from oumi_runtime.builders.lr_schedules import build_lr_scheduler
from oumi_runtime.builders.metrics import build_metrics_function
from oumi_runtime.builders.models.activation_checkpointing import checkpoint_activations
from oumi_runtime.builders.models.memory_format import apply_memory_format
from oumi_runtime.builders.models.parallel import build_parallelism
from oumi_runtime.builders.optimizers import build_optimizer
from oumi_runtime.builders.training.batches import (
    build_eval_batches,
    build_train_batches,
)
from oumi_runtime.builders.training.host_memory import keep_freed_memory
from oumi_runtime.core.configs import FSDPParams, TrainerType, TrainingParams
from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.core.trainers.base_trainer import BaseTrainer
from oumi_runtime.core.trainers.batches.bad_samples import BadSamples
from oumi_runtime.core.trainers.callbacks import TrainingCallback
from oumi_runtime.core.trainers.optimizers.weight_average import WeightAverage
from oumi_runtime.core.trainers.oumi_trainer import Trainer
from oumi_runtime.core.trainers.parts import TrainingParts
from oumi_runtime.core.trainers.performance import PerformanceMeter
from oumi_runtime.core.trainers.transformers_callbacks import FromTransformers
from oumi_runtime.exceptions import RegisteredValueError


def build_trainer(
    params: TrainingParams,
    *,
    model: nn.Module,
    train_dataset: Dataset[Any],
    eval_dataset: Dataset[Any] | None = None,
    fsdp: FSDPParams | None = None,
    callbacks: Sequence[TrainingCallback | Any] = (),
    save_final: Callable[[nn.Module, Path], None] | None = None,
    tokenizer: Tokenizer | None = None,
    kept_files: Mapping[str, bytes] | None = None,
    bad_samples: BadSamples | None = None,
) -> BaseTrainer:
    """Builds a trainer.

    Args:
        params: The training section of the config. A registered trainer is called with
            the built parts, as `TrainingParts`.
        model: The model, on its device.
        train_dataset: The training data, tokenized.
        eval_dataset: The evaluation data; no evaluation if None.
        fsdp: The fsdp section of the config; its defaults if None.
        callbacks: Callbacks, ours or those of transformers.
        save_final: Saves the final model; None saves it as in a checkpoint.
        tokenizer: The tokenizer, for metrics on generated text.
        kept_files: Additional files for every checkpoint, by name.
        bad_samples: Counts samples that cannot be used and are left out; None where the
            first is an error.

    Raises:
        KeyError: The trainer is neither built in nor registered.
        RegisteredValueError: The registered trainer is not a `BaseTrainer`.
    """
    device = next(model.parameters()).device
    _prepare(model, params, device)
    parallelism = build_parallelism(model, params, fsdp or FSDPParams())
    train_batches = build_train_batches(train_dataset, params, device, bad_samples)
    total_steps = _total_steps(params, train_batches.steps_per_epoch)
    optimizer = build_optimizer(model, params)
    eval_batches = None
    if eval_dataset is not None:
        eval_batches = build_eval_batches(eval_dataset, params, device, bad_samples)
    scheduler = build_lr_scheduler(optimizer, params, total_steps)
    parts = TrainingParts(
        parallelism=parallelism,
        optimizer=optimizer,
        scheduler=scheduler,
        params=params,
        train_batches=train_batches,
        total_steps=total_steps,
        eval_batches=eval_batches,
        metrics_function=build_metrics_function(params, tokenizer),
        meter=_meter(model, params),
        average=_average(model, params),
        save_final=save_final,
        kept_files=kept_files or {},
    )
    return _make_trainer(replace(parts, callbacks=_adapted(callbacks, parts)))


def _total_steps(params: TrainingParams, steps_per_epoch: int) -> int:
    if params.max_steps > 0:
        return params.max_steps
    return params.num_train_epochs * steps_per_epoch


def _prepare(model: nn.Module, params: TrainingParams, device: torch.device) -> None:
    """Applies the settings for precision and memory to the model."""
    keep_freed_memory(device, params.keep_freed_memory)
    apply_memory_format(model, params.channels_last)
    if params.tf32:
        torch.set_float32_matmul_precision("high")
    if params.enable_gradient_checkpointing:
        checkpoint_activations(model, params.gradient_checkpointing_kwargs)


def _adapted(
    callbacks: Sequence[TrainingCallback | Any], parts: TrainingParts
) -> list[TrainingCallback]:
    """Wraps those callbacks that were written for transformers' Trainer."""
    return [
        each if isinstance(each, TrainingCallback) else FromTransformers(each, parts)
        for each in callbacks
    ]


def _meter(model: nn.Module, params: TrainingParams) -> PerformanceMeter | None:
    alternative = params.include_alternative_mfu_metrics
    if not params.include_performance_metrics and not alternative:
        return None
    return PerformanceMeter(model, alternative_mfu=alternative)


def _average(model: nn.Module, params: TrainingParams) -> WeightAverage | None:
    decay = params.ema_decay
    return None if decay is None else WeightAverage(model, decay)


def _make_trainer(parts: TrainingParts) -> BaseTrainer:
    trainer_type = parts.params.trainer_type
    trainer: object = _trainer_class(trainer_type)(parts)
    if not isinstance(trainer, BaseTrainer):
        kind = RegistryType.TRAINER.value
        raise RegisteredValueError(kind, trainer_type, trainer, BaseTrainer)
    return trainer


def _trainer_class(trainer_type: TrainerType | str) -> Callable[..., object]:
    if trainer_type is TrainerType.OUMI:
        return Trainer
    if not isinstance(trainer_type, TrainerType):
        return REGISTRY[trainer_type, RegistryType.TRAINER]
    # Imported only where it is used: transformers takes seconds.
    from oumi_runtime.core.trainers.hf_trainer import HuggingFaceTrainer

    return HuggingFaceTrainer
