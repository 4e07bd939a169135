"""Packs the samples of a split into blocks, if `pack` is set."""

from collections.abc import Iterator
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
from oumi_runtime.core.datasets.in_memory.packing import as_sequences, gather_sequences
from oumi_runtime.core.datasets.rows.bad_rows import LeaveOut
from oumi_runtime.core.datasets.rows.reading import LeftOut, RowReader
from oumi_runtime.core.trainers.batches.map_batches import count_samples
from oumi_runtime.exceptions import DataError


def pack_samples(
    dataset: Dataset[Any],
    split: DatasetSplit,
    seq_length: int | None,
    leave_out: LeaveOut | None = None,
) -> Dataset[Any]:
    """Concatenates token sequences and cuts them into blocks.

    Args:
        dataset: The samples of a split.
        split: The split, for errors.
        seq_length: Tokens per block.
        leave_out: Called with unusable samples; if None, the first is an error.

    Raises:
        BadRowError: A sample cannot be read, and may not be left out.
        DataError: `seq_length` is None, or samples are not only sequences.
    """
    field = f"data.{split.value}.pack"
    if seq_length is None:
        raise DataError(f"{field} cuts blocks of model.model_max_length tokens; set it")
    first: object = dataset
    if isinstance(dataset, Stream):
        first = next(dataset.blocks()).data
    if isinstance(first, PlainTexts):
        return dataset  # Plain texts are cut into blocks when they are tokenized.
    if isinstance(first, TextColumns):
        raise DataError(
            f"{field} joins samples, but each of these texts has its own label; set "
            "pack: false"
        )
    if isinstance(dataset, Stream):
        if leave_out is not None and not isinstance(first, ColumnDataset):
            raise DataError(
                "data.on_bad_sample: skip cannot leave samples out of a stream that "
                f"is packed; write data.{split.value}.stream: false, {field}: false, "
                "or on_bad_sample: raise"
            )
        return dataset.changed(block_size=seq_length)
    if not isinstance(dataset, ColumnDataset):
        dataset = gather_sequences(_usable(dataset, leave_out))
    return pack_sequences(dataset, seq_length)


class _Sequences(Dataset[dict[str, Any]]):
    """The samples of a dataset, converted to sequences."""

    def __init__(self, dataset: Dataset[Any]) -> None:
        self._dataset = dataset

    def __getitem__(self, index: int) -> dict[str, Any]:
        return as_sequences(self._dataset[index])

    def locate(self, index: int) -> tuple[Dataset[Any], int]:
        return self._dataset, index


def _usable(
    dataset: Dataset[Any], leave_out: LeaveOut | None
) -> Iterator[dict[str, Any]]:
    reader = RowReader(_Sequences(dataset), leaves_out_bad=leave_out is not None)
    for index in range(count_samples(dataset)):
        _, sample = reader[index]
        if not isinstance(sample, LeftOut):
            yield sample
        elif leave_out is not None:
            leave_out([sample])
