"""Builds the parts of a training for a trial, without logging and saving."""

import dataclasses
import itertools
from collections.abc import Iterator

from oumi_runtime.builders import build_training
from oumi_runtime.builders.training.building import seed_training
from oumi_runtime.builders.training.trials import bare
from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.log import show_log
from oumi_runtime.core.trainers.batches.map_batches import TrainBatches
from oumi_runtime.core.trainers.batches.micro_batches import MicroBatch
from oumi_runtime.core.trainers.batches.stream_batches import StreamBatches
from oumi_runtime.core.trainers.parts import TrainingParts


def build_trial(config: TrainingConfig, num_steps: int) -> TrainingParts:
    """Builds the parts of a training, deterministically.

    Args:
        config: The config of the training.
        num_steps: The number of optimizer steps to run.

    Raises:
        ConfigError: The config has mistakes.
        OumiRuntimeError: A model, dataset or other part cannot be built.
    """
    show_log(config.training.log_level, config.training.dep_log_level)
    config.finalize_and_validate()
    params = bare(config.training, num_steps)
    seed_training(params)
    trainer, _ = build_training(dataclasses.replace(config, training=params))
    trainer.parallelism.forward.train()
    # Building a model draws as many numbers as it likes; the steps start from here.
    seed_training(params)
    return trainer.parts


def endless(batches: TrainBatches | StreamBatches) -> Iterator[list[MicroBatch]]:
    """Yields the micro-batches of every step, epoch after epoch."""
    return itertools.chain.from_iterable(map(batches.epoch, itertools.count()))
