"""A split of the data, on its way from what is read to what a model takes."""

from typing import Any

from torch.utils.data import Dataset

from oumi_runtime.builders.collators import collated
from oumi_runtime.builders.data import build_dataset_mixture
from oumi_runtime.builders.preprocessing import Preprocessing
from oumi_runtime.core.configs import DatasetSplit, TrainingConfig


def read_split(config: TrainingConfig, split: DatasetSplit) -> Dataset[Any]:
    """Reads the datasets of a split, texts still being texts.

    Raises:
        DataError: See `build_dataset_mixture`.
    """
    return build_dataset_mixture(
        config.data,
        split,
        seq_length=config.model.model_max_length,
        seed=config.training.data_seed,
    )


def prepare_split(
    dataset: Dataset[Any],
    config: TrainingConfig,
    split: DatasetSplit,
    preprocessing: Preprocessing,
) -> Dataset[Any]:
    """Turns what `read_split` read into the columns that the model takes.

    Raises:
        DataError: See `Preprocessing.apply`.
    """
    return collated(preprocessing.apply(dataset), config, split, preprocessing)
