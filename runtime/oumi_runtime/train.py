"""Trains the model of a config: builds the parts, runs the trainer, saves the result.

As a program: `python -m oumi_runtime.train -c FILE [--section.key value ...]`.
"""

import argparse
import dataclasses
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from oumi_runtime.builders import Preprocessing, build_training, fingerprints_of
from oumi_runtime.builders.data.bad_samples import naming_the_remedy
from oumi_runtime.builders.models.trained import (
    build_trainable_model,
    load_trained_model,
)
from oumi_runtime.builders.training.building import seed_training
from oumi_runtime.builders.training.trials import shortened
from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.distributed import (
    barrier,
    get_rank,
    is_distributed,
    is_world_process_zero,
)
from oumi_runtime.core.log import keep_bars_out_of_files, logger, show_log
from oumi_runtime.core.process_group import end_process, process_group
from oumi_runtime.core.trainers.base_trainer import BaseTrainer
from oumi_runtime.core.trainers.callbacks import TrainingCallback
from oumi_runtime.core.trainers.callbacks.data_watch import DataWatch
from oumi_runtime.core.trainers.callbacks.stopping import Stopper, StopSignals
from oumi_runtime.core.trainers.run.announcement import announce, show_first_sample
from oumi_runtime.core.trainers.run.consistency import facts_of, require_same
from oumi_runtime.core.trainers.run.machine_errors import plain_errors
from oumi_runtime.core.trainers.run.session import RunSession
from oumi_runtime.core.trainers.unknown_classes import naming_the_row
from oumi_runtime.exceptions import OumiRuntimeError, TrainingStoppedError

AUTO_RESUME = "--training.try_resume_from_last_checkpoint"


@dataclass(frozen=True)
class TrainingResult:
    """The result of a training run."""

    output_dir: Path
    """The folder of the final model, the checkpoints, the metrics and the record."""
    global_step: int
    """Optimizer steps done, including those before resuming."""
    metrics: dict[str, float]
    """The metrics of the last evaluation; empty if there was none."""
    model: nn.Module
    """The trained model on its device; with `training.ema_decay`, the averaged one."""


def train(
    config: TrainingConfig, *, callbacks: tuple[TrainingCallback, ...] = ()
) -> TrainingResult:
    """Trains a model.

    Args:
        config: The config of the run.
        callbacks: Additional callbacks.

    Returns:
        The final model, its metrics, and the output folder.

    Raises:
        ConfigError: The config has mistakes.
        OumiRuntimeError: The training cannot start or continue; see `exceptions`.
    """
    show_log(config.training.log_level, config.training.dep_log_level)
    config.finalize_and_validate()
    if config.training.fast_dev_run:
        config = dataclasses.replace(config, training=shortened(config.training))
    signals = StopSignals()
    output_dir = Path(config.training.output_dir)
    fingerprints = fingerprints_of(config)
    with (
        process_group(config.training.nccl_default_timeout_minutes),
        plain_errors(output_dir),
        RunSession(config, fingerprints) as session,
        plain_errors(output_dir),  # Again, for the record to say it in our words.
    ):
        ended = session.finished()
        if is_distributed():
            is_finished = ended is not None
            require_same({**facts_of(config), "is the run finished": is_finished})
        if ended is not None:
            return _result_of(config, ended)
        watch = DataWatch(fingerprints)
        with watch.explaining(), naming_the_remedy(config):
            return _train(config, (*callbacks, watch), session, signals)


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
    name = None if resume_from is None else resume_from.name
    require_same({"the checkpoint to resume from": name})
    seed_training(params)
    trainer, preprocessing = build_training(
        config,
        resume_from=resume_from,
        callbacks=callbacks,
        last_callbacks=[stopper],
        kept_files=session.files_to_keep(),
    )
    # Also keeps the first process from moving files that others still read.
    if is_distributed():
        _require_same_data(trainer, preprocessing)
    if is_world_process_zero():
        session.begin(trainer)
        preprocessing.save(output_dir)
        announce(config, trainer, resume_from)
        if params.log_examples:
            show_first_sample(trainer, preprocessing.tokenizer)
    barrier()
    # Training starts from the same random state however many numbers building drew.
    # With an offset, dropout differs between processes.
    seed_training(params, offset=get_rank())
    with signals.listening():
        with naming_the_row(trainer.parts.train_batches.dataset):
            trainer.train(None if resume_from is None else str(resume_from))
        # torchrun ends all processes once one has ended, even if one is writing.
        barrier()
        state = trainer.state
        if state.is_cut_short:
            asked = state.requests
            raise TrainingStoppedError(
                asked.stop or "", asked.signal, state.global_step, session.latest()
            )
        trainer.adopt_average()
        if params.save_final_model:
            trainer.save_model(output_dir)
            if is_world_process_zero():
                logger.info("saved the model to %s", output_dir)
            barrier()
    return TrainingResult(
        output_dir, state.global_step, trainer.get_last_eval_metrics(), trainer.model
    )


def _require_same_data(trainer: BaseTrainer, preprocessing: Preprocessing) -> None:
    number = trainer.parts.train_batches.num_samples
    require_same(
        {
            "the number of training samples": number,
            "the tokenizer, classes and features": preprocessing.digest(),
        }
    )


def _result_of(config: TrainingConfig, ended: dict[str, Any]) -> TrainingResult:
    """Returns the result of a run that was finished before."""
    output_dir = Path(config.training.output_dir)
    if is_world_process_zero():
        logger.info("%s is finished already; there is nothing to do", output_dir)
    if config.training.save_final_model:
        model, _ = load_trained_model(config)
    else:
        model = build_trainable_model(config)
    return TrainingResult(output_dir, ended["global_step"], ended["metrics"], model)


def main(arguments: list[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m oumi_runtime.train")
    parser.add_argument("-c", "--config", required=True, help="the config's YAML file")
    parser.add_argument(
        "--auto-resume",
        action="store_true",
        help="resume from the newest checkpoint, if there is one",
    )
    parser.add_argument(
        "--interpolate", action="store_true", help="expand ${...} in the config"
    )
    known, overrides = parser.parse_known_args(arguments)
    keep_bars_out_of_files()
    if known.auto_resume:
        overrides += [AUTO_RESUME, "true"]
    try:
        config = TrainingConfig.from_yaml_and_arg_list(
            known.config, overrides, ignore_interpolation=not known.interpolate
        )
        train(config)
    except OumiRuntimeError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


class _TrainModule(ModuleType):
    """Makes this module callable, since importing it replaces `oumi_runtime.train`."""

    def __call__(self, *args: Any, **kwargs: Any) -> TrainingResult:
        return train(*args, **kwargs)


sys.modules[__name__].__class__ = _TrainModule

if __name__ == "__main__":
    end_process(main())
