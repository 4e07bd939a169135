"""Builds the batches of datasets, in memory or streamed."""

import os
from typing import Any

import torch
from torch.utils.data import Dataset

from oumi_runtime.builders.models.devices import free_bytes
from oumi_runtime.builders.training import trials
from oumi_runtime.core.configs import TrainerType, TrainingParams
from oumi_runtime.core.datasets import Stream
from oumi_runtime.core.distributed import get_world_size, is_distributed
from oumi_runtime.core.trainers.batches.bad_samples import BadSamples
from oumi_runtime.core.trainers.batches.device_columns import place_dataset
from oumi_runtime.core.trainers.batches.length_groups import lengths_of
from oumi_runtime.core.trainers.batches.map_batches import (
    EvalBatches,
    TrainBatches,
)
from oumi_runtime.core.trainers.batches.ordered_workers import Loading
from oumi_runtime.core.trainers.batches.stream_batches import (
    StreamBatches,
    StreamEvalBatches,
)
from oumi_runtime.exceptions import DataError


def build_train_batches(
    dataset: Dataset[Any],
    params: TrainingParams,
    device: torch.device,
    bad_samples: BadSamples | None = None,
) -> TrainBatches | StreamBatches:
    """Divides a dataset into training steps.

    Args:
        dataset: The training data, tokenized.
        params: The training section of the config.
        device: The device of the batches.
        bad_samples: Counts left-out samples; if None, the first bad one is an error.

    Raises:
        DataError: The length of a stream is unknown, or the trainer does not support
            streams.
    """
    common: dict[str, Any] = {
        "batch_size": params.per_device_train_batch_size,
        "accumulation_steps": params.gradient_accumulation_steps,
        "seed": params.data_seed,
        "device": device,
        "loading": build_loading(params, bad_samples),
        "ignore_index": params.label_ignore_index,
    }
    if not isinstance(dataset, Stream):
        free = free_bytes(device) if device.type != "cpu" else 0
        # transformers pins what its loader makes, and copies it itself.
        is_native = params.trainer_type is not TrainerType.HF
        wish = params.data_on_device if is_native else "off"
        placed = place_dataset(dataset, wish, device, free)
        repeated = params.overfit_batches
        lengths = _lengths(dataset) if params.group_by_length else None
        batches = TrainBatches(
            placed, num_repeated_steps=repeated, lengths=lengths, **common
        )
        if params.trainer_type is TrainerType.HF:
            _refuse_uneven(batches.num_samples, params)
        return batches
    if params.overfit_batches:
        raise DataError(
            "data.train.stream: overfit_batches needs samples that can be repeated; "
            "set stream: false"
        )
    if params.trainer_type is TrainerType.HF and is_distributed():
        raise DataError(
            "data.train.stream: the transformers trainer can stream in only one "
            "process; set training.trainer_type: oumi"
        )
    return StreamBatches(
        dataset,
        max_steps=params.max_steps,
        by_length=params.group_by_length,
        **common,
    )


def _refuse_uneven(num_samples: int, params: TrainingParams) -> None:
    """Raises where transformers would train on some samples twice in an epoch."""
    together = params.per_device_train_batch_size * get_world_size()
    if is_distributed() and num_samples % together:
        raise DataError(
            f"training.trainer_type: in {get_world_size()} processes the transformers "
            f"trainer repeats samples where they are no multiple of {together}, and "
            f"there are {num_samples:,}; set it to oumi, or set sample_count"
        )


def _lengths(dataset: Dataset[Any]) -> torch.Tensor:
    """Returns the length of each in-memory sample."""
    lengths = lengths_of(dataset)
    if lengths is None:
        raise DataError(
            "training.group_by_length: the samples are not in-memory sequences of "
            "different lengths; set it to false"
        )
    return lengths


def build_eval_batches(
    dataset: Dataset[Any],
    params: TrainingParams,
    device: torch.device,
    bad_samples: BadSamples | None = None,
) -> EvalBatches | StreamEvalBatches:
    """Divides a dataset into evaluation batches; see `build_train_batches`."""
    arguments: dict[str, Any] = {
        "batch_size": params.per_device_eval_batch_size,
        "device": device,
        "loading": build_loading(params, bad_samples),
        "ignore_index": params.label_ignore_index,
    }
    if isinstance(dataset, Stream):
        return StreamEvalBatches(dataset, **arguments)
    most = trials.NUM_STEPS if params.fast_dev_run else None
    return EvalBatches(dataset, max_batches=most, **arguments)


def build_loading(
    params: TrainingParams, bad_samples: BadSamples | None = None
) -> Loading:
    """Determines how to load samples that are not in memory.

    Args:
        params: The training section of the config. `auto` workers are one for each core
            that the machine has per process, up to eight.
        bad_samples: Counts left-out samples; if None, the first bad one is an error.
    """
    num_workers = params.dataloader_num_workers
    if isinstance(num_workers, str):
        local_processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        num_workers = min(8, (os.cpu_count() or 1) // local_processes)
    return Loading(
        num_workers=num_workers,
        persistent_workers=params.dataloader_persistent_workers and num_workers > 0,
        prefetch_factor=params.dataloader_prefetch_factor if num_workers > 0 else None,
        bad_samples=bad_samples,
    )
