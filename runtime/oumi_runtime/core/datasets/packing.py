"""Joins token sequences and cuts them into blocks, so that no batch holds padding."""

import torch

from oumi_runtime.core.datasets.columns import ColumnDataset, RaggedColumn
from oumi_runtime.exceptions import DataError


def pack_sequences(dataset: ColumnDataset, block_size: int) -> ColumnDataset:
    """Joins all sequences end to end and cuts them into blocks.

    Args:
        dataset: Its columns are all sequences, such as `input_ids` and `labels` of the
            same lengths.
        block_size: Tokens of a block, at least 1.

    Returns:
        A dataset that holds every token once; the last block may be shorter.

    Raises:
        DataError: A column holds one value a sample, or the lengths of two differ.
    """
    columns = dataset.columns
    ragged = {k: c for k, c in columns.items() if isinstance(c, RaggedColumn)}
    single = [name for name in columns if name not in ragged]
    if single:
        raise DataError(
            f"pack joins samples, which {single[0]!r} describes one by one; write "
            "pack: false, or leave the column out"
        )
    lengths = next(iter(ragged.values())).lengths
    for name, column in ragged.items():
        if not torch.equal(column.lengths, lengths):
            raise DataError(
                f"pack needs a value of {name!r} for every token; write pack: false"
            )
    num_tokens = int(lengths.sum())
    blocks = torch.full((-(-num_tokens // block_size),), block_size)
    if num_tokens % block_size:
        blocks[-1] = num_tokens % block_size
    return ColumnDataset(
        {
            name: RaggedColumn(column.values, blocks, pad_value=column.pad_value)
            for name, column in ragged.items()
        },
        label_names=dataset.label_names,
    )
