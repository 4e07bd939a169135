"""Packs the samples of a split into blocks, where its config asks for it."""

from typing import Any

from torch.utils.data import Dataset

from oumi_runtime.core.configs import DatasetSplit
from oumi_runtime.core.datasets import (
    ColumnDataset,
    PlainTexts,
    Stream,
    TextColumns,
    pack_sequences,
)
from oumi_runtime.core.datasets.packing import gather_sequences
from oumi_runtime.core.trainers.batches.map_batches import count_samples
from oumi_runtime.exceptions import DataError


def pack_samples(
    dataset: Dataset[Any], split: DatasetSplit, seq_length: int | None
) -> Dataset[Any]:
    """Joins token sequences end to end and cuts them into blocks.

    Args:
        dataset: The samples of a split.
        split: Which split, for errors.
        seq_length: Tokens of a block.

    Raises:
        DataError: There is no length, or samples are not sequences alone.
    """
    field = f"data.{split.value}.pack"
    if seq_length is None:
        raise DataError(f"{field} cuts blocks of model.model_max_length tokens; set it")
    first = dataset
    if isinstance(dataset, Stream):
        first = next(dataset.blocks()).data  # type: ignore[assignment]
    if isinstance(first, PlainTexts):
        return dataset  # These are cut into blocks when they are tokenized.
    if isinstance(first, TextColumns):
        raise DataError(
            f"{field} joins samples, and each of these texts has a label of its own; "
            "write pack: false"
        )
    if isinstance(dataset, Stream):
        return dataset.changed(block_size=seq_length)
    if not isinstance(dataset, ColumnDataset):
        samples = (dataset[index] for index in range(count_samples(dataset)))
        dataset = gather_sequences(samples)
    return pack_sequences(dataset, seq_length)
