"""Turns the config of a training run into one for a trial."""

import dataclasses

from oumi_runtime.core.configs import (
    ProfilerParams,
    TelemetryParams,
    TrainerType,
    TrainingParams,
)

NUM_STEPS = 2
"""Training steps, and evaluation batches, of a shortened run."""


def shortened(params: TrainingParams) -> TrainingParams:
    """Shortens a run to two steps, each with a log line and an evaluation.

    Args:
        params: The training section of the config; it is not changed.

    Returns:
        The section with two steps and without checkpoints.
    """
    return dataclasses.replace(
        params,
        max_steps=NUM_STEPS,
        logging_strategy="steps",
        logging_steps=1,
        eval_strategy="no" if params.eval_strategy == "no" else "steps",
        eval_steps=1,
        save_steps=0,
        save_epoch=False,
        save_minutes=None,
        save_best=0,
    )


def bare(params: TrainingParams, num_steps: int) -> TrainingParams:
    """Reduces a run to bare steps of the native trainer.

    Args:
        params: The training section of the config; it is not changed.
        num_steps: The number of steps.

    Returns:
        The section without evaluation, saving, measurements and callbacks.
    """
    return dataclasses.replace(
        params,
        trainer_type=TrainerType.OUMI,
        trainer_kwargs={},
        max_steps=num_steps,
        eval_strategy="no",
        early_stopping_patience=None,
        save_steps=0,
        save_epoch=False,
        callbacks=[],
        enable_tensorboard=False,
        enable_wandb=False,
        enable_mlflow=False,
        profiler=ProfilerParams(),
        telemetry=TelemetryParams(telemetry_dir=None),
        include_performance_metrics=False,
        include_alternative_mfu_metrics=False,
        ema_decay=None,
    )
