"""Reads the splits of the data, and prepares them for the model."""

from typing import Any

import torch
from torch.utils.data import Dataset

from oumi_runtime.builders.collators import collated
from oumi_runtime.builders.data.datasets import build_dataset_mixture
from oumi_runtime.builders.preprocessing.preprocessing import Preprocessing
from oumi_runtime.core.configs import (
    DataParams,
    DatasetParams,
    DatasetSplit,
    TrainingConfig,
)
from oumi_runtime.core.datasets import TextColumns
from oumi_runtime.core.datasets.rows.reading import LeftOut
from oumi_runtime.core.log import logger
from oumi_runtime.core.trainers.batches.bad_samples import BadSamples
from oumi_runtime.exceptions import DataError


def read_split(
    config: TrainingConfig,
    split: DatasetSplit,
    bad_samples: BadSamples | None = None,
) -> Dataset[Any]:
    """Reads the datasets of a split, without tokenizing texts.

    Args:
        config: The whole config.
        split: The split to read.
        bad_samples: Counts the rows that are left out; None where the first is an
            error.

    Raises:
        DataError: See `build_dataset_mixture`.
    """
    return build_dataset_mixture(
        config.data,
        split,
        seq_length=config.model.model_max_length,
        seed=config.training.data_seed,
        bad_samples=bad_samples,
    )


def warn_of_lone_share(data: DataParams, split: DatasetSplit) -> None:
    """Warns if a split takes a share of a file that no other split takes the rest of.

    So it is where another file is named for a trained model, whose config divides the
    one it was trained on.
    """
    others = [
        _file_of(dataset)
        for other in DatasetSplit
        if other is not split
        for dataset in data.get_split(other).datasets
    ]
    for number, dataset in enumerate(data.get_split(split).datasets):
        if dataset.split_shares is None or _file_of(dataset) in others:
            continue
        key = f"data.{split.value}.datasets[{number}].split_shares"
        logger.warning(
            "only the %s share of %s is used, %.3g of its rows, as split_shares says; "
            "no other split reads it, so to use all of it, add --%s null",
            dataset.split,
            dataset.dataset_path or dataset.dataset_name,
            dataset.split_shares[dataset.split],
            key,
        )


def _file_of(dataset: DatasetParams) -> tuple[str, str | None, str | None]:
    return dataset.dataset_name.lower(), dataset.dataset_path, dataset.subset


def prepare_split(
    dataset: Dataset[Any],
    config: TrainingConfig,
    split: DatasetSplit,
    preprocessing: Preprocessing,
    bad_samples: BadSamples | None = None,
) -> Dataset[Any]:
    """Prepares what `read_split` returned for the model.

    Args:
        dataset: The dataset that was read.
        config: The whole config.
        split: The split of the dataset.
        preprocessing: The tokenizer, classes and features.
        bad_samples: Counts the texts whose class is unknown and that are left out; None
            where the first is an error.

    Raises:
        DataError: See `Preprocessing.apply`.
    """
    if bad_samples is not None and isinstance(dataset, TextColumns):
        prepared = _of_known_classes(dataset, split, preprocessing, bad_samples)
    else:
        prepared = preprocessing.apply(dataset)
    return collated(prepared, config, split, preprocessing)


def _of_known_classes(
    texts: TextColumns,
    split: DatasetSplit,
    preprocessing: Preprocessing,
    bad_samples: BadSamples,
) -> Dataset[Any]:
    unknown = preprocessing.unknown_labels(texts)
    origin = texts.origin
    bad_samples.leave_out(
        LeftOut(
            f"sample {row + 1} of data.{split.value}"
            if origin is None
            else origin.describe(row),
            reason,
        )
        for row, reason in unknown.items()
    )
    if len(unknown) == len(texts):
        raise DataError(f"data.{split.value} has no usable samples")
    if unknown:
        kept = [row for row in range(len(texts)) if row not in unknown]
        texts = texts.select(torch.tensor(kept, dtype=torch.int64))
    return preprocessing.apply(texts)
