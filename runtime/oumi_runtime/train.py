"""Trains the model of a config: builds the parts, runs the trainer, keeps the result.

As a program: `python -m oumi_runtime.train -c FILE [--section.key value ...]`.
"""

import argparse
import contextlib
import dataclasses
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn
from torch.utils.data import Dataset

from oumi_runtime.builders import (
    Preprocessing,
    build_dataset_mixture,
    build_trainer,
    build_training_callbacks,
    collated,
    fingerprints_of,
    fit_preprocessing,
)
from oumi_runtime.builders.trained import (
    build_trainable_model,
    final_saver,
    load_trained_model,
)
from oumi_runtime.builders.trials import shortened
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
from oumi_runtime.core.files import free_bytes, is_disk_full
from oumi_runtime.core.log import logger, show_log
from oumi_runtime.core.trainers.base_trainer import BaseTrainer
from oumi_runtime.core.trainers.callbacks import TrainingCallback
from oumi_runtime.core.trainers.callbacks.stopping import Stopper, StopSignals
from oumi_runtime.core.trainers.checkpoints.store import CheckpointStore
from oumi_runtime.core.trainers.precision import dtype_name
from oumi_runtime.core.trainers.run.session import RunSession
from oumi_runtime.exceptions import (
    DataWorkerError,
    DiskFullError,
    OumiRuntimeError,
    TrainingStoppedError,
)

AUTO_RESUME = "--training.try_resume_from_last_checkpoint"


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
    if config.training.fast_dev_run:
        config = dataclasses.replace(config, training=shortened(config.training))
    signals = StopSignals()
    with (
        process_group(config.training.nccl_default_timeout_minutes),
        _plain_errors(Path(config.training.output_dir)),
        RunSession(config, fingerprints_of(config.data)) as session,
    ):
        if (ended := session.finished()) is not None:
            return _result_of(config, ended)
        return _train(config, callbacks, session, signals)


def _train(
    config: TrainingConfig,
    callbacks: tuple[TrainingCallback, ...],
    session: RunSession,
    signals: StopSignals,
) -> TrainingResult:
    params = config.training
    output_dir = Path(params.output_dir)
    stopper = Stopper(
        signals, save_minutes=params.save_minutes, max_minutes=params.max_minutes
    )
    resume_from = session.find_checkpoint()
    trainer, preprocessing = _build(
        config, resume_from, [*callbacks, stopper], session.files_to_keep()
    )
    if is_world_process_zero():
        session.begin(trainer)
        preprocessing.save(output_dir)
        _announce(config, trainer, resume_from)
        if params.log_examples:
            _log_example(trainer.parts.train_batches.dataset, preprocessing)
    barrier()
    # Building a model draws as many numbers as it likes; the training starts from here.
    # Each process leaves out other units where the model has dropout.
    _seed(params, offset=get_rank())
    with signals.listening():
        trainer.train(None if resume_from is None else str(resume_from))
        state = trainer.state
        if stopper.has_cut_short(state):
            raise TrainingStoppedError(
                stopper.cause or "", stopper.signal, state.global_step, session.latest()
            )
        if params.save_final_model:
            trainer.save_model(output_dir)
            if is_world_process_zero():
                logger.info("saved the model to %s", output_dir)
            barrier()
    return TrainingResult(
        output_dir, state.global_step, trainer.get_last_eval_metrics(), trainer.model
    )


def _build(
    config: TrainingConfig,
    resume_from: Path | None,
    callbacks: list[TrainingCallback],
    kept_files: dict[str, bytes],
) -> tuple[BaseTrainer, Preprocessing]:
    """Builds what is trained, and what turns its inputs into numbers."""
    params = config.training
    _seed(params)
    texts = build_dataset_mixture(
        config.data,
        DatasetSplit.TRAIN,
        seq_length=config.model.model_max_length,
        seed=params.data_seed,
    )
    model = build_trainable_model(config)
    if params.compile:
        # In place, so that saved names stay as they are.
        model.compile(**params.compile_kwargs)
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
        save_final=final_saver(config),
        tokenizer=preprocessing.tokenizer,
        kept_files=kept_files,
    )
    return trainer, preprocessing


def _result_of(config: TrainingConfig, ended: dict[str, Any]) -> TrainingResult:
    """The result of a run that has been finished before."""
    output_dir = Path(config.training.output_dir)
    logger.info("%s is finished already; there is nothing to do", output_dir)
    if config.training.save_final_model:
        model, _ = load_trained_model(config)
    else:
        model = build_trainable_model(config)
    return TrainingResult(output_dir, ended["global_step"], ended["metrics"], model)


@contextlib.contextmanager
def _plain_errors(output_dir: Path) -> Iterator[None]:
    """Says in a line what the system or a library says of the machine."""
    try:
        yield
    except OumiRuntimeError:
        raise
    except OSError as error:
        if not is_disk_full(error):
            raise
        path = Path(error.filename or output_dir)
        raise DiskFullError(path, None, free_bytes(output_dir)) from error
    except RuntimeError as error:
        # What torch's data loader says of its processes.
        if not str(error).startswith("DataLoader worker"):
            raise
        latest = CheckpointStore(output_dir).latest()
        raise DataWorkerError(" ".join(str(error).split()), latest) from error


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
    parser.add_argument(
        "--auto-resume",
        action="store_true",
        help="go on from the newest checkpoint, if any; until the run is finished",
    )
    known, overrides = parser.parse_known_args(arguments)
    if known.auto_resume:
        overrides += [AUTO_RESUME, "true"]
    try:
        train(TrainingConfig.from_yaml_and_arg_list(known.config, overrides))
    except OumiRuntimeError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


class _TrainModule(ModuleType):
    """Lets this module, which `oumi_runtime.train` is once imported, be called."""

    def __call__(self, *args: Any, **kwargs: Any) -> TrainingResult:
        return train(*args, **kwargs)


sys.modules[__name__].__class__ = _TrainModule

if __name__ == "__main__":
    sys.exit(main())
