"""Trains the model of a config: builds the parts, runs the trainer, keeps the result.

As a program: `python -m oumi_runtime.train -c FILE [--section.key value ...]`.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from oumi_runtime.builders import (
    Preprocessing,
    build_dataset_mixture,
    build_model,
    build_trainer,
    fit_preprocessing,
)
from oumi_runtime.core.configs import DatasetSplit, TrainingConfig, TrainingParams
from oumi_runtime.core.distributed import (
    barrier,
    get_rank,
    is_world_process_zero,
    process_group,
    set_random_seeds,
)
from oumi_runtime.core.log import logger, show_log
from oumi_runtime.core.trainers.base_trainer import BaseTrainer
from oumi_runtime.core.trainers.batches import count_samples
from oumi_runtime.core.trainers.callbacks import (
    MetricsFile,
    ProgressReport,
    TrainingCallback,
)
from oumi_runtime.core.trainers.checkpoints import CheckpointStore
from oumi_runtime.core.trainers.precision import dtype_name
from oumi_runtime.core.trainers.run_folder import (
    METRICS_FILENAME,
    move_earlier_run,
    write_record,
)
from oumi_runtime.exceptions import OumiRuntimeError


@dataclass(frozen=True)
class TrainingResult:
    """What a training leaves."""

    output_dir: Path
    """The folder with the final model, the checkpoints, the metrics and the record."""
    global_step: int
    """Optimizer steps done, those before a resumption included."""
    metrics: dict[str, float]
    """The last evaluation's metrics; empty where the config asks for none."""
    model: nn.Module
    """The trained model, on its device."""


def train(
    config: TrainingConfig, *, callbacks: tuple[TrainingCallback, ...] = ()
) -> TrainingResult:
    """Trains a model.

    Args:
        config: What to train, on what, and how.
        callbacks: What to do beside the training, besides the log and the metrics file.

    Returns:
        The final metrics, and where things are.

    Raises:
        ConfigError: The config has mistakes.
        OumiRuntimeError: The training cannot start or go on; see `exceptions`.
    """
    show_log()
    config.finalize_and_validate()
    with process_group():
        return _train(config, callbacks)


def _train(
    config: TrainingConfig, callbacks: tuple[TrainingCallback, ...]
) -> TrainingResult:
    params = config.training
    output_dir = Path(params.output_dir)
    resume_from = _find_checkpoint(params)
    set_random_seeds(params.seed, params.use_deterministic)

    train_texts = build_dataset_mixture(config.data, DatasetSplit.TRAIN)
    model = build_model(config.model)
    if resume_from is None:
        preprocessing = fit_preprocessing(train_texts, config.model, model)
    else:
        preprocessing = Preprocessing.load(output_dir, config.model)
    train_dataset = preprocessing.apply(train_texts)
    eval_dataset = None
    if params.eval_strategy != "no":
        eval_dataset = preprocessing.apply(
            build_dataset_mixture(config.data, DatasetSplit.VALIDATION)
        )
    if is_world_process_zero():
        callbacks = (
            MetricsFile(output_dir / METRICS_FILENAME),
            ProgressReport(),
            *callbacks,
        )
    trainer = build_trainer(
        params,
        model=model,
        train_dataset=train_dataset,
        eval_dataset=eval_dataset,
        fsdp=config.fsdp,
        callbacks=callbacks,
    )

    if is_world_process_zero():
        if resume_from is None:
            move_earlier_run(output_dir)
        output_dir.mkdir(parents=True, exist_ok=True)
        preprocessing.save(output_dir)
        write_record(output_dir, config)
        _announce(config, trainer, count_samples(train_dataset), resume_from)
    barrier()
    # Building a model draws as many numbers as it likes; the training starts from here.
    # Each process leaves out other units where the model has dropout.
    set_random_seeds(params.seed + get_rank(), params.use_deterministic)
    trainer.train(resume_from)
    if params.save_final_model:
        trainer.save_model(output_dir)
        if is_world_process_zero():
            logger.info("saved the model to %s", output_dir)
        barrier()
    return TrainingResult(
        output_dir, trainer.state.global_step, trainer.get_last_eval_metrics(), model
    )


def _find_checkpoint(params: TrainingParams) -> str | None:
    """The checkpoint to go on from, if one is asked for and there."""
    if params.resume_from_checkpoint is not None:
        return params.resume_from_checkpoint
    if not params.try_resume_from_last_checkpoint:
        return None
    latest = CheckpointStore(params.output_dir).latest()
    return None if latest is None else str(latest)


def _announce(
    config: TrainingConfig,
    trainer: BaseTrainer,
    num_samples: int,
    resume_from: str | None,
) -> None:
    """Logs in one line what is about to be trained."""
    parameters = list(trainer.model.parameters())
    logger.info(
        "training %s on %s in %s: %s parameters, %s samples, %s steps",
        config.model.model_name,
        parameters[0].device,
        dtype_name(trainer.model, config.training.mixed_precision_dtype),
        f"{sum(p.numel() for p in parameters):,}",
        f"{num_samples:,}",
        f"{trainer.state.total_steps:,}",
    )
    if resume_from is not None:
        logger.info("going on from %s", resume_from)


def main(arguments: list[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m oumi_runtime.train")
    parser.add_argument("-c", "--config", required=True, help="the config's YAML file")
    known, overrides = parser.parse_known_args(arguments)
    try:
        train(TrainingConfig.from_yaml_and_arg_list(known.config, overrides))
    except OumiRuntimeError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


class _TrainModule(ModuleType):
    """Lets this module, which `oumi_runtime.train` is once imported, be called."""

    def __call__(self, *args: Any, **kwargs: Any) -> TrainingResult:
        return train(*args, **kwargs)


sys.modules[__name__].__class__ = _TrainModule

if __name__ == "__main__":
    sys.exit(main())
