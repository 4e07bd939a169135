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
from torch.utils.data import Dataset

from oumi_runtime.builders import (
    Preprocessing,
    build_dataset_mixture,
    build_model,
    build_trainer,
    build_training_callbacks,
    collated,
    fit_preprocessing,
)
from oumi_runtime.core.configs import DatasetSplit, TrainingConfig, TrainingParams
from oumi_runtime.core.datasets import Stream
from oumi_runtime.core.distributed import (
    barrier,
    get_rank,
    is_world_process_zero,
    process_group,
    set_full_determinism,
    set_random_seeds,
)
from oumi_runtime.core.log import logger, show_log
from oumi_runtime.core.trainers.base_trainer import BaseTrainer
from oumi_runtime.core.trainers.callbacks import TrainingCallback
from oumi_runtime.core.trainers.checkpoints import CheckpointStore
from oumi_runtime.core.trainers.precision import dtype_name
from oumi_runtime.core.trainers.run_folder import move_earlier_run, write_record
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
    show_log(config.training.log_level, config.training.dep_log_level)
    config.finalize_and_validate()
    with process_group(config.training.nccl_default_timeout_minutes):
        return _train(config, callbacks)


def _train(
    config: TrainingConfig, callbacks: tuple[TrainingCallback, ...]
) -> TrainingResult:
    params = config.training
    output_dir = Path(params.output_dir)
    resume_from = _find_checkpoint(params)
    _seed(params)
    texts = build_dataset_mixture(
        config.data,
        DatasetSplit.TRAIN,
        seq_length=config.model.model_max_length,
        seed=params.data_seed,
    )
    model = build_model(config.model)
    if params.compile:
        model.compile()  # In place, so that saved names stay as they are.
    if resume_from is None:
        preprocessing = fit_preprocessing(texts, config.model, model)
    else:
        preprocessing = Preprocessing.load(resume_from.parent, config.model)
    train_dataset, eval_dataset = (
        collated(preprocessing.apply(texts), config, DatasetSplit.TRAIN, preprocessing),
        None,
    )
    if params.eval_strategy != "no":
        texts = build_dataset_mixture(
            config.data,
            DatasetSplit.VALIDATION,
            seq_length=config.model.model_max_length,
            seed=params.data_seed,
        )
        eval_dataset = collated(
            preprocessing.apply(texts), config, DatasetSplit.VALIDATION, preprocessing
        )
    trainer = build_trainer(
        params,
        model=model,
        train_dataset=train_dataset,
        eval_dataset=eval_dataset,
        fsdp=config.fsdp,
        callbacks=[*build_training_callbacks(config), *callbacks],
        tokenizer=preprocessing.tokenizer,
    )

    if is_world_process_zero():
        if resume_from is None:
            move_earlier_run(output_dir)
        output_dir.mkdir(parents=True, exist_ok=True)
        preprocessing.save(output_dir)
        write_record(output_dir, config)
        _announce(config, trainer, resume_from)
        if params.log_examples:
            _log_example(train_dataset, preprocessing)
    barrier()
    # Building a model draws as many numbers as it likes; the training starts from here.
    # Each process leaves out other units where the model has dropout.
    _seed(params, offset=get_rank())
    trainer.train(None if resume_from is None else str(resume_from))
    if params.save_final_model:
        trainer.save_model(output_dir)
        if is_world_process_zero():
            logger.info("saved the model to %s", output_dir)
        barrier()
    return TrainingResult(
        output_dir, trainer.state.global_step, trainer.get_last_eval_metrics(), model
    )


def _find_checkpoint(params: TrainingParams) -> Path | None:
    """The checkpoint to go on from, if one is asked for and there."""
    if params.resume_from_checkpoint is not None:
        return Path(params.resume_from_checkpoint)
    if not params.try_resume_from_last_checkpoint:
        return None
    return CheckpointStore(params.output_dir).latest()


def _seed(params: TrainingParams, offset: int = 0) -> None:
    if params.full_determinism:
        set_full_determinism()
    is_deterministic = params.use_deterministic or params.full_determinism
    set_random_seeds(params.seed + offset, is_deterministic)


def _announce(
    config: TrainingConfig, trainer: BaseTrainer, resume_from: Path | None
) -> None:
    """Logs in one line what is about to be trained."""
    parameters = list(trainer.model.parameters())
    logger.info(
        "training %s on %s in %s: %s parameters, %s samples, %s steps",
        config.model.model_name,
        parameters[0].device,
        dtype_name(trainer.model, config.training.mixed_precision_dtype),
        f"{sum(p.numel() for p in parameters):,}",
        f"{trainer.parts.train_batches.num_samples:,}",
        f"{trainer.state.total_steps:,}",
    )
    if resume_from is not None:
        logger.info("going on from %s", resume_from)
    if config.training.log_model_summary:
        logger.info("%s", trainer.model)


def _log_example(dataset: Dataset[Any], preprocessing: Preprocessing) -> None:
    """Logs the first sample as the model gets it, with its text."""
    sample = next(iter(dataset)) if isinstance(dataset, Stream) else dataset[0]
    for name, column in sample.items():
        shape = tuple(getattr(column, "shape", ()))
        logger.info("first sample: %s %s %s", name, shape, column)
    if preprocessing.tokenizer is not None and "input_ids" in sample:
        text = preprocessing.tokenizer.decode(sample["input_ids"].tolist())
        logger.info("first sample: text %r", text)


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
