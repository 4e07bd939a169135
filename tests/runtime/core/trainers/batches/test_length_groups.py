"""Samples of similar length meet in a step; nothing else in the order changes."""

from itertools import chain

import pytest
import torch

from oumi_runtime.core.datasets import (
    ColumnDataset,
    PlainTexts,
    RaggedColumn,
    RawRows,
    Stream,
    StreamSource,
    TaggedTexts,
    TextDataset,
    TextPairs,
)
from oumi_runtime.core.trainers.batches import length_groups, stream_steps
from oumi_runtime.core.trainers.batches.length_groups import (
    group_by_length,
    lengths_of,
)
from oumi_runtime.core.trainers.batches.map_batches import TrainBatches
from oumi_runtime.core.trainers.batches.ordered_workers import Loading
from oumi_runtime.core.trainers.batches.stream_batches import StreamBatches
from oumi_runtime.exceptions import DataError

CPU = torch.device("cpu")
SIZE = 203


def ragged(lengths: torch.Tensor) -> RaggedColumn:
    return RaggedColumn(torch.ones(int(lengths.sum()), dtype=torch.int64), lengths)


def sequences(size: int = SIZE) -> ColumnDataset:
    draw = torch.Generator().manual_seed(0)
    lengths = torch.randint(1, 40, (size,), generator=draw)
    return ColumnDataset({"input_ids": ragged(lengths), "number": torch.arange(size)})


def texts() -> TextDataset:
    dataset = sequences()
    lengths = lengths_of(dataset).tolist()
    return TextDataset(["a" * length for length in lengths], range(SIZE))


def grouped(order: torch.Tensor, lengths: torch.Tensor, size: int, seed: int = 0):
    return group_by_length(order, lengths, size, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("size", [1, 4, 7, 200, SIZE, 500])
def test_every_sample_stays_and_those_that_fill_no_step_are_last(size):
    order = torch.randperm(SIZE)
    found = grouped(order, torch.arange(SIZE) % 5, size)
    assert sorted(found.tolist()) == list(range(SIZE))
    num_full = SIZE - SIZE % size
    assert found[num_full:].equal(order[num_full:])


def test_a_step_holds_neighbours_by_length_of_its_run(monkeypatch):
    monkeypatch.setattr(length_groups, "STEPS_IN_A_RUN", 5)
    order, lengths = torch.randperm(200), torch.randint(0, 99, (200,))
    found = grouped(order, lengths, 4)
    expected = [
        sorted(lengths[run].tolist())[first : first + 4]
        for run in order.split(20)
        for first in range(0, 20, 4)
    ]
    steps = [lengths[step].tolist() for step in found.split(4)]
    assert sorted(steps) == sorted(expected)
    # The steps of a run do not follow each other from short to long.
    assert steps != expected
    assert steps != [
        lengths[s].tolist() for s in grouped(order, lengths, 4, 1).split(4)
    ]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (ColumnDataset({"input_ids": ragged(torch.tensor([3, 0]))}), [3, 0]),
        (
            ColumnDataset(
                {
                    "input_ids": ragged(torch.tensor([3, 0])),
                    "labels": ragged(torch.tensor([1, 2])),
                    "weight": torch.ones(2),
                }
            ),
            [4, 2],
        ),
        (TextDataset(["abc", ""], [0, 1]), [3, 0]),
        (TextPairs(["abc", ""], ["d", "ef"]), [4, 2]),
        (TaggedTexts([["abc", "d"], ["e"]], [[0, 1], [0]]), [2, 1]),
        (PlainTexts(["abc"]), [3]),
        (ColumnDataset({"weight": torch.ones(2)}), None),
        (RawRows([1, 2]), None),
    ],
)
def test_a_sample_is_as_long_as_all_of_its_sequences(data, expected):
    found = lengths_of(data)
    assert (None if found is None else found.tolist()) == expected


def from_memory(batch_size: int = 4, accumulation: int = 1, **more) -> TrainBatches:
    dataset = sequences()
    fields = {"batch_size": batch_size, "accumulation_steps": accumulation, "seed": 3}
    return TrainBatches(
        dataset, lengths=lengths_of(dataset), device=CPU, **fields, **more
    )


def streamed(dataset=None, batch_size: int = 4, accumulation: int = 1, **more):
    fields = {"batch_size": batch_size, "accumulation_steps": accumulation, "seed": 3}
    source = StreamSource(dataset or sequences(), sample_count=SIZE)
    return StreamBatches(
        Stream([source], prepare=lambda texts: _columns(texts)),
        by_length=True,
        device=CPU,
        **fields,
        **more,
    )


def _columns(texts: TextDataset) -> ColumnDataset:
    lengths = torch.tensor([len(text) for text in texts.texts])
    return ColumnDataset(
        {"input_ids": ragged(lengths), "number": torch.tensor(texts.labels)}
    )


KINDS = {
    "memory": from_memory,
    "columns": streamed,
    "texts": lambda **more: streamed(texts(), **more),
}


@pytest.fixture(params=KINDS)
def make(request, monkeypatch):
    monkeypatch.setattr(stream_steps, "_ROWS_AT_ONCE", 64)
    return KINDS[request.param]


def numbers(batches, epoch: int = 0, start: int = 0) -> list[list[int]]:
    return [
        [n for micro in step for n in micro.columns["number"].tolist()]
        for step in batches.epoch(epoch, start)
    ]


def padding(batches) -> int:
    masks = [
        micro.columns["attention_mask"] for step in batches.epoch(0) for micro in step
    ]
    return sum(int((mask == 0).sum()) for mask in masks)


def test_less_is_padded(make):
    dataset = sequences()
    plain = TrainBatches(
        dataset, batch_size=4, accumulation_steps=1, seed=3, device=CPU
    )
    assert padding(make()) < 0.35 * padding(plain)


def test_an_epoch_has_every_sample_once_in_an_order_of_its_own(make):
    first, second = numbers(make(), 0), numbers(make(), 1)
    assert sorted(chain(*first)) == sorted(chain(*second)) == list(range(SIZE))
    assert first == numbers(make(), 0)
    assert first != second


@pytest.mark.parametrize("start", [1, 16, 17, 33, 50])
def test_an_epoch_can_be_gone_on_with_at_any_step(make, start):
    assert numbers(make(), 1, start) == numbers(make(), 1)[start:]


def test_workers_change_nothing(make):
    loading = Loading(num_workers=2)
    assert numbers(make(loading=loading)) == numbers(make())


@pytest.mark.parametrize(("world_size", "accumulation"), [(1, 2), (2, 1)])
def test_processes_and_accumulation_share_the_same_steps_out(
    make, world_size, accumulation, monkeypatch
):
    micro_batches = "oumi_runtime.core.trainers.batches.micro_batches"
    monkeypatch.setattr(f"{micro_batches}.get_world_size", lambda: world_size)
    monkeypatch.setattr(f"{micro_batches}.all_reduce_sum", lambda value: value)
    ranks = [
        numbers(make(accumulation=accumulation, rank=rank, world_size=world_size))
        for rank in range(world_size)
    ]
    shared = [[*chain(*parts)] for parts in zip(*ranks, strict=True)]
    whole = numbers(make(batch_size=8))
    assert shared[:-1] == whole[:-1]
    assert {*shared[-1]} == {*whole[-1]}


def test_samples_whose_length_nothing_tells_cannot_be_grouped():
    dataset = ColumnDataset({"number": torch.arange(SIZE)})
    with pytest.raises(DataError, match=r"training\.group_by_length"):
        numbers(streamed(dataset))
