"""Packing texts into blocks of one length."""

import pytest
import torch

from oumi_runtime.core.datasets import ColumnDataset, RaggedColumn, pack_sequences
from oumi_runtime.core.datasets.in_memory.concatenation import concatenate
from oumi_runtime.core.trainers.batches.device_columns import DeviceColumns
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
    everything = torch.arange(len(packed))
    batch = packed.take(everything)
    input_ids = packed.columns["input_ids"]
    ids, mask = input_ids.pad(everything)
    assert mask.sum(1).tolist() == blocks
    assert ids[mask.bool()].tolist() == list(range(sum(lengths)))
    assert torch.equal(batch["input_ids"], ids)
    assert batch["labels"][0, 0] == 100


@pytest.mark.parametrize("on_device", [False, True])
def test_only_a_batch_with_the_shorter_block_has_a_mask(on_device: bool):
    ids = sequences([3, 1, 5])
    packed = pack_sequences(ColumnDataset({"input_ids": ids, "labels": ids}), 4)
    again = packed.select(torch.tensor([0, 1, 1, 2, 0]))
    joined = concatenate([packed, packed])
    for dataset, full, short in (
        (packed, [0, 1], [1, 2]),
        (again, [0, 1, 2, 4], [3, 4]),
        (joined, [0, 1, 3, 4], [4, 5]),
    ):
        read = DeviceColumns(dataset, torch.device("cpu")) if on_device else dataset
        assert list(read.take(torch.tensor(full))) == ["input_ids", "labels"]
        batch = read.take(torch.tensor(short))
        assert batch["attention_mask"].sum(1).tolist() == [
            int(dataset.columns["input_ids"].lengths[each]) for each in short
        ]
    runs = [list(batch) for batch in packed.take_runs([2, 1])]
    assert runs == 2 * [["input_ids", "labels"]]
    masks = [batch.get("attention_mask") for batch in packed.take_runs([1, 2])]
    assert masks[0] is None
    assert masks[1].tolist() == [[1, 1, 1, 1], [1, 0, 0, 0]]


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
