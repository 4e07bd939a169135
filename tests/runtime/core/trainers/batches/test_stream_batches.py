"""Batches of streams: the slices of one order, whoever and however many make them."""

import os
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import IterableDataset

from oumi_runtime.core.datasets import (
    BaseIterableDataset,
    ColumnDataset,
    RaggedColumn,
    Stream,
    StreamSource,
    TextDataset,
)
from oumi_runtime.core.trainers.batches import micro_batches
from oumi_runtime.core.trainers.batches.ordered_workers import Loading
from oumi_runtime.core.trainers.batches.stream_batches import (
    StreamBatches,
    StreamEvalBatches,
)
from oumi_runtime.exceptions import BadRowError, DataError

CPU = torch.device("cpu")
SIZE = 53


class Numbers(BaseIterableDataset):
    """Rows of a user's own; each sample draws from every generator."""

    def __init__(self, bad: int = -1, **kwargs: Any) -> None:
        super().__init__(dataset_name="numbers", **kwargs)
        self._data = range(SIZE)
        self._bad = bad

    def transform(self, sample: int) -> dict[str, Any]:
        if sample == self._bad:
            raise KeyError("text")
        noise = [random.random(), np.random.rand(), torch.rand(()).item()]
        return {"number": torch.tensor(sample), "noise": torch.tensor(noise)}


def columns() -> ColumnDataset:
    return ColumnDataset({"number": torch.arange(SIZE)})


def text_stream(**source: Any) -> Stream:
    texts = TextDataset(
        [str(number) * (number % 4 + 1) for number in range(SIZE)], [0] * SIZE
    )

    def prepare(texts: TextDataset) -> ColumnDataset:
        lengths = torch.tensor([len(text) for text in texts.texts])
        values = torch.tensor([int(c) for text in texts.texts for c in text])
        return ColumnDataset({"input_ids": RaggedColumn(values, lengths)})

    return Stream([StreamSource(texts, **source)], prepare=prepare)


def stream(kind: str, **source: Any) -> Stream:
    if kind == "texts":
        return text_stream(**source)
    return Stream(
        [StreamSource({"rows": Numbers, "columns": columns}[kind](), **source)]
    )


def cut(dataset: Stream, **more: Any) -> StreamBatches:
    fields = {"batch_size": 3, "accumulation_steps": 2, "seed": 1, "device": CPU}
    return StreamBatches(dataset, **fields | more)


def flat(batches: StreamBatches, epoch: int = 0, start: int = 0) -> list[Any]:
    return [
        {name: column.tolist() for name, column in micro_batch.columns.items()}
        for step in batches.epoch(epoch, start)
        for micro_batch in step
    ]


@pytest.mark.filterwarnings("ignore:This DataLoader will create 4 worker")
@pytest.mark.parametrize("kind", ["rows", "columns", "texts"])
@pytest.mark.parametrize("num_workers", [0, 2, 4])
def test_every_sample_comes_once_in_the_same_batches_with_any_workers(
    kind, num_workers
):
    expected = flat(cut(stream(kind, sample_count=SIZE)))
    loading = Loading(num_workers=num_workers)
    found = flat(cut(stream(kind, sample_count=SIZE), loading=loading))
    assert found == expected
    if kind != "texts":
        numbers = [number for batch in found for number in batch["number"]]
        assert numbers == list(range(SIZE))


@pytest.mark.parametrize("kind", ["rows", "columns", "texts"])
@pytest.mark.parametrize("start", [1, 4, 8])
def test_an_epoch_can_be_begun_at_any_step(kind, start):
    source = {"sample_count": SIZE, "shuffle_buffer_size": 10}
    whole = list(cut(stream(kind, **source)).epoch(1))
    rest = list(cut(stream(kind, **source)).epoch(1, start))
    assert len(rest) == len(whole) - start
    for one, other in zip(whole[start:], rest, strict=True):
        for a, b in zip(one, other, strict=True):
            assert a.columns.keys() == b.columns.keys()
            for name, column in a.columns.items():
                assert column.equal(b.columns[name])


@pytest.mark.parametrize("kind", ["rows", "columns"])
@pytest.mark.parametrize("world_size", [2, 3])
def test_processes_share_each_step_out(kind, world_size, monkeypatch):
    monkeypatch.setattr(micro_batches, "get_world_size", lambda: world_size)
    monkeypatch.setattr(micro_batches, "all_reduce_sum", lambda value: value)
    ranks = [
        list(
            cut(
                stream(kind, sample_count=SIZE), rank=rank, world_size=world_size
            ).epoch(0)
        )
        for rank in range(world_size)
    ]
    numbers: list[int] = []
    for steps in zip(*ranks, strict=True):
        assert len({len(step) for step in steps}) == 1
        for step in steps:
            for micro_batch in step:
                if float(micro_batch.weight) > 0:
                    numbers += micro_batch.columns["number"].tolist()
    assert numbers == list(range(SIZE))


def test_a_stream_of_unknown_length_goes_on_into_the_next_pass():
    dataset = Stream([StreamSource(Numbers())])
    with pytest.raises(DataError, match=r"training\.max_steps"):
        cut(dataset)
    batches = cut(dataset, max_steps=20)
    assert batches.steps_per_epoch == 20
    numbers = [number for batch in flat(batches) for number in batch["number"]]
    assert numbers == [*range(SIZE), *range(SIZE), *range(14)]
    later = [number for batch in flat(batches, 0, 17) for number in batch["number"]]
    assert later == numbers[17 * 6 :]


def test_a_stream_that_is_shorter_than_it_says_is_an_error_and_not_an_endless_loop():
    class Short(IterableDataset):
        def __len__(self) -> int:
            return 50

        def __iter__(self) -> Iterator[dict[str, Any]]:
            yield from ({"number": torch.tensor(n)} for n in range(20))

    with pytest.raises(DataError, match="ended after 4 steps"):
        flat(cut(Stream([StreamSource(Short())])))


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_row_that_cannot_be_made_a_sample_is_named(num_workers):
    dataset = Stream([StreamSource(Numbers(bad=17), sample_count=SIZE)])
    with pytest.raises(BadRowError, match=r"^row 18 of dataset 'numbers': KeyError"):
        flat(cut(dataset, loading=Loading(num_workers=num_workers)))


def test_making_samples_leaves_the_generators_as_they_were():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    flat(cut(stream("rows", sample_count=SIZE)))
    assert torch.rand(3).equal(expected)


def test_a_collator_of_the_stream_makes_the_batches():
    def collate(samples: list[Any]) -> dict[str, torch.Tensor]:
        return {
            "sum": torch.stack([sample["number"] for sample in samples]).sum()[None]
        }

    dataset = stream("columns").changed(collate=collate)
    assert flat(cut(dataset))[0] == {"sum": [3]}


def test_evaluation_sees_every_sample_once_and_counts_them():
    batches = StreamEvalBatches(stream("rows"), batch_size=8, device=CPU)
    numbers = [n for batch, _ in batches for n in batch["number"].tolist()]
    assert numbers == list(range(SIZE))
    assert batches.num_samples == SIZE


class Readers(BaseIterableDataset):
    """Says which process made a sample."""

    def __init__(self) -> None:
        super().__init__()
        self._data = range(SIZE)

    def transform(self, sample: int) -> dict[str, Any]:
        return {"process": torch.tensor(os.getpid())}


@pytest.mark.parametrize("persistent", [False, True])
def test_persistent_workers_are_kept_from_epoch_to_epoch(persistent):
    loading = Loading(num_workers=1, persistent_workers=persistent)
    batches = cut(Stream([StreamSource(Readers(), sample_count=SIZE)]), loading=loading)
    ids = {n for epoch in range(3) for b in flat(batches, epoch) for n in b["process"]}
    assert os.getpid() not in ids
    assert len(ids) == (1 if persistent else 3)


def test_random_samples_do_not_depend_on_how_the_stream_is_cut():
    def noise(**fields: Any) -> list[Any]:
        found = flat(cut(stream("rows", sample_count=SIZE), **fields))
        return [row for batch in found for row in batch["noise"]]

    expected = noise()
    assert noise(batch_size=6, accumulation_steps=1) == expected
    assert len({tuple(row) for row in expected}) == SIZE
