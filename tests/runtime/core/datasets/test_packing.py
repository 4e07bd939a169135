"""Packing texts into blocks of one length."""

import pytest
import torch

from oumi_runtime.core.datasets import ColumnDataset, RaggedColumn, pack_sequences
from oumi_runtime.exceptions import DataError


def sequences(lengths: list[int], start: int = 0) -> RaggedColumn:
    total = sum(lengths)
    return RaggedColumn(torch.arange(start, start + total), torch.tensor(lengths))


@pytest.mark.parametrize(
    ("lengths", "block_size", "blocks"),
    [([3, 1, 4], 4, [4, 4]), ([3, 1, 5], 4, [4, 4, 1]), ([0, 2, 0], 8, [2])],
)
def test_every_token_comes_once_and_in_order(lengths, block_size, blocks):
    dataset = ColumnDataset(
        {"input_ids": sequences(lengths), "labels": sequences(lengths, 100)}
    )
    packed = pack_sequences(dataset, block_size)
    batch = packed.take(torch.arange(len(packed)))
    assert batch["attention_mask"].sum(1).tolist() == blocks
    tokens = batch["input_ids"][batch["attention_mask"].bool()]
    assert tokens.tolist() == list(range(sum(lengths)))
    assert batch["labels"][0, 0] == 100


def test_sequences_of_one_length_are_packed_too():
    ids = torch.arange(6).reshape(2, 3)
    dataset = ColumnDataset({"input_ids": ids, "labels": sequences([3, 3], 100)})
    batch = pack_sequences(dataset, 4).take(torch.arange(2))
    assert batch["input_ids"].tolist() == [[0, 1, 2, 3], [4, 5, 0, 0]]
    assert batch["labels"][0].tolist() == [100, 101, 102, 103]


@pytest.mark.parametrize(
    "labels", [torch.tensor([0, 1]), sequences([2, 2])], ids=["class", "shorter"]
)
def test_what_does_not_go_with_the_tokens_is_refused(labels):
    dataset = ColumnDataset({"input_ids": sequences([2, 3]), "labels": labels})
    with pytest.raises(DataError, match=r"'labels'.*pack: false"):
        pack_sequences(dataset, 4)
