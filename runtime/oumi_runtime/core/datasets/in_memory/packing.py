"""Concatenates token sequences and cuts them into blocks, to avoid padding."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch

from oumi_runtime.core.datasets.in_memory.columns import ColumnDataset, RaggedColumn
from oumi_runtime.core.datasets.in_memory.concatenation import concatenate
from oumi_runtime.exceptions import DataError


def pack_sequences(dataset: ColumnDataset, block_size: int) -> ColumnDataset:
    """Concatenates all sequences and cuts them into blocks.

    Args:
        dataset: A dataset of sequences only, such as `input_ids` and `labels` of the
            same lengths.
        block_size: Tokens per block, at least 1.

    Returns:
        A dataset that contains every token once; the last block may be shorter.

    Raises:
        DataError: A column is not of such sequences, or columns differ in length.
    """
    ragged = {name: _sequences(name, c) for name, c in dataset.columns.items()}
    lengths = next(iter(ragged.values())).lengths
    for name, column in ragged.items():
        if not torch.equal(column.lengths, lengths):
            raise DataError(
                f"pack needs a value of {name!r} for every token; set pack: false"
            )
    return ColumnDataset(
        {
            name: cut_into_blocks(column.values, block_size, column.pad_value)
            for name, column in ragged.items()
        },
        label_names=dataset.label_names,
        origin=None if dataset.origin is None else dataset.origin.packed(),
    )


def cut_into_blocks(
    values: torch.Tensor, block_size: int, pad_value: int
) -> RaggedColumn:
    """Cuts values into blocks, of which the last may be shorter.

    Args:
        values: (values,).
        block_size: The size of each block, at least 1.
        pad_value: The padding value for the last block.
    """
    lengths = torch.full((-(-len(values) // block_size),), block_size)
    if len(values) % block_size:
        lengths[-1] = len(values) % block_size
    return RaggedColumn(values, lengths, pad_value=pad_value, is_packed=True)


def _sequences(name: str, column: torch.Tensor | RaggedColumn) -> RaggedColumn:
    """Returns a column of sequences, which may be of one length, as a ragged one."""
    if isinstance(column, RaggedColumn):
        return column
    if column.ndim != 2 or column.is_floating_point():
        raise DataError(
            f"pack joins sequences of integers, and column {name!r} holds "
            f"{_in_short(column[0])} per sample; set pack: false, or leave the column "
            "out"
        )
    return RaggedColumn(
        column.flatten(),
        torch.full((len(column),), column.shape[1]),
        pad_value=_pad_value(name),
    )


def pack_stream(
    parts: Iterable[ColumnDataset], block_size: int
) -> Iterator[ColumnDataset]:
    """Packs a stream into the same blocks as `pack_sequences`.

    Args:
        parts: Consecutive parts of the stream.
        block_size: Tokens per block, at least 1.
    """
    held: list[ColumnDataset] = []
    for part in parts:
        packed = pack_sequences(concatenate([*held, part]), block_size)
        lengths = _lengths(packed)
        num_full = int((lengths == block_size).sum())
        if num_full:
            yield packed.select(torch.arange(num_full))
        held = (
            [packed.select(torch.tensor([num_full]))] if num_full < len(packed) else []
        )
    yield from held


def _lengths(dataset: ColumnDataset) -> torch.Tensor:
    first = next(iter(dataset.columns.values()))
    assert isinstance(first, RaggedColumn)
    return first.lengths


def gather_sequences(samples: Iterable[Mapping[str, Any]]) -> ColumnDataset:
    """Converts samples that are sequences of integers to columns.

    Args:
        samples: At least one; all with the same names.

    Raises:
        DataError: A value is not a sequence of integers.
    """
    rows: dict[str, list[torch.Tensor]] = {}
    for number, sample in enumerate(samples, start=1):
        try:
            sequences = as_sequences(sample)
        except DataError as error:
            raise DataError(f"sample {number}: {error}") from error
        for name, sequence in sequences.items():
            rows.setdefault(name, []).append(sequence)
    if not rows:
        raise DataError("there are no samples to pack")
    return ColumnDataset({name: _ragged(name, values) for name, values in rows.items()})


def as_sequences(sample: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """Converts the values of a sample to tensors of integers, one per sequence.

    Raises:
        DataError: A value is not a sequence of integers.
    """
    sequences = {name: torch.as_tensor(value) for name, value in sample.items()}
    for name, sequence in sequences.items():
        if sequence.ndim != 1 or sequence.is_floating_point():
            raise DataError(
                f"pack joins sequences of integers, but {name!r} is "
                f"{_in_short(sequence)}; set pack: false"
            )
    return sequences


def _in_short(tensor: torch.Tensor) -> str:
    kind = str(tensor.dtype).removeprefix("torch.")
    return f"{kind} of shape {tuple(tensor.shape)}"


def _ragged(name: str, rows: Sequence[torch.Tensor]) -> RaggedColumn:
    return RaggedColumn(
        torch.cat(list(rows)),
        torch.tensor([len(row) for row in rows]),
        pad_value=_pad_value(name),
    )


def _pad_value(name: str) -> int:
    return -100 if name == "labels" else 0
