"""Builds what cuts datasets into batches, of samples in memory and of streams."""

import os
from typing import Any

import torch
from torch.utils.data import Dataset

from oumi_runtime.builders import trials
from oumi_runtime.builders.devices import free_bytes
from oumi_runtime.core.configs import TrainerType, TrainingParams
from oumi_runtime.core.datasets import Stream
from oumi_runtime.core.distributed import is_distributed
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
    """Cuts a dataset into the steps of a training.

    Args:
        dataset: What to train on, tokenized.
        params: The training section of the config.
        device: Where the batches go.
        bad_samples: Counts those that are left out; None where the first is an error.

    Raises:
        DataError: Nothing says how long a stream is, or the trainer takes none.
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
        placed = place_dataset(dataset, params.data_on_device, device, free)
        repeated = params.overfit_batches
        lengths = _lengths(dataset) if params.group_by_length else None
        return TrainBatches(
            placed, num_repeated_steps=repeated, lengths=lengths, **common
        )
    if params.overfit_batches:
        raise DataError(
            "data.train.stream: overfit_batches needs samples that can be had again; "
            "write stream: false"
        )
    if params.trainer_type is TrainerType.HF and is_distributed():
        raise DataError(
            "data.train.stream: the transformers trainer streams in one process alone; "
            "set training.trainer_type OUMI"
        )
    return StreamBatches(
        dataset,
        max_steps=params.max_steps,
        by_length=params.group_by_length,
        **common,
    )


def _lengths(dataset: Dataset[Any]) -> torch.Tensor:
    """How long each sample is that is in memory."""
    lengths = lengths_of(dataset)
    if lengths is None:
        raise DataError(
            "training.group_by_length: the samples are not sequences of different "
            "lengths in memory; write false"
        )
    return lengths


def build_eval_batches(
    dataset: Dataset[Any],
    params: TrainingParams,
    device: torch.device,
    bad_samples: BadSamples | None = None,
) -> EvalBatches | StreamEvalBatches:
    """Cuts a dataset into batches to evaluate on; see `build_train_batches`."""
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
    """Decides how samples that are not in memory are read.

    Args:
        params: The training section of the config. `auto` workers are as many as the
            machine has cores for each of its processes, and at most eight.
        bad_samples: Counts those that are left out; None where the first is an error.
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
