"""A sample that cannot be used is left out of its batch, and all others stay."""

import logging
from typing import Any

import pytest
import torch
from torch.utils.data import Dataset

from oumi_runtime.core.datasets import (
    BaseIterableDataset,
    ColumnDataset,
    RaggedColumn,
    Stream,
    StreamSource,
    TextDataset,
)
from oumi_runtime.core.datasets.rows.reading import LeftOut
from oumi_runtime.core.trainers.batches import micro_batches
from oumi_runtime.core.trainers.batches.bad_samples import BadSamples
from oumi_runtime.core.trainers.batches.map_batches import (
    EvalBatches,
    TrainBatches,
)
from oumi_runtime.core.trainers.batches.ordered_workers import Loading
from oumi_runtime.core.trainers.batches.stream_batches import StreamBatches
from oumi_runtime.exceptions import (
    BadRowError,
    BadSampleError,
    TooManyBadSamplesError,
)

CPU = torch.device("cpu")
SIZE = 40
Cut = TrainBatches | StreamBatches


class Fragile(Dataset[Any]):
    """Numbers; some cannot be read, some do not go into a batch."""

    dataset_name = "fragile"

    def __init__(self, unreadable: set[int], unlike: set[int]) -> None:
        self.unreadable, self.unlike = unreadable, unlike

    def __len__(self) -> int:
        return SIZE

    def __getitem__(self, index: int) -> dict[str, Any]:
        return number(index, self.unreadable, self.unlike)


class FragileRows(BaseIterableDataset):
    """The same, from front to back."""

    def __init__(self, unreadable: set[int], unlike: set[int]) -> None:
        super().__init__(dataset_name="fragile")
        self._data = range(SIZE)
        self.unreadable, self.unlike = unreadable, unlike

    def transform(self, sample: int) -> dict[str, Any]:
        return number(sample, self.unreadable, self.unlike)


def number(index: int, unreadable: set[int], unlike: set[int]) -> dict[str, Any]:
    if index in unreadable:
        raise KeyError("age")
    if index in unlike:
        return {"name": torch.tensor(index)}
    return {"number": torch.tensor(index)}


def texts(unreadable: set[int]) -> Stream:
    def prepare(texts: TextDataset) -> ColumnDataset:
        for place, text in enumerate(texts.texts):
            if int(text) in unreadable:
                raise BadSampleError(place, "KeyError: 'age'")
        values = torch.tensor([int(text) for text in texts.texts])
        ragged = RaggedColumn(values, torch.ones_like(values))
        return ColumnDataset({"number": ragged})

    source = TextDataset([str(n) for n in range(SIZE)], [0] * SIZE)
    source.dataset_name = "fragile"  # type: ignore[attr-defined]
    return Stream([StreamSource(source)], prepare=prepare)


def collate_alike(samples: list[Any]) -> dict[str, torch.Tensor]:
    """What a config names to make batches; 11 goes with no other."""
    if len(samples) > 1 and any(int(sample["number"]) == 11 for sample in samples):
        raise ValueError("odd")
    return {"number": torch.cat([sample["number"] for sample in samples])}


def cut(
    kind: str,
    unreadable: set[int] = frozenset(),  # type: ignore[assignment]
    unlike: set[int] = frozenset(),  # type: ignore[assignment]
    *,
    limit: int | None = 100,
    num_workers: int = 0,
    batch_size: int = 4,
    **more: Any,
) -> Cut:
    bad = None if limit is None else BadSamples(limit)
    common: dict[str, Any] = {
        "batch_size": batch_size,
        "accumulation_steps": 2,
        "seed": 3,
        "device": CPU,
        "loading": Loading(num_workers=num_workers, bad_samples=bad),
        **more,
    }
    if kind == "map":
        return TrainBatches(Fragile(unreadable, unlike), **common)
    if kind == "texts":
        return StreamBatches(texts(unreadable), **common)
    if kind == "collated texts":
        collated = texts(unreadable).changed(collate=collate_alike)
        return StreamBatches(collated, **common)
    source = StreamSource(FragileRows(unreadable, unlike), sample_count=SIZE)
    return StreamBatches(Stream([source]), **common)


def numbers(batches: Cut, start: int = 0) -> list[list[list[int]]]:
    return [
        [micro.columns["number"].flatten().tolist() for micro in step]
        for step in batches.epoch(0, start)
    ]


def without(steps: list[list[list[int]]], bad: set[int]) -> list[list[list[int]]]:
    return [[[n for n in micro if n not in bad] for micro in step] for step in steps]


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("kind", ["map", "rows", "texts"])
def test_all_others_stay_in_their_batches(kind: str, num_workers: int) -> None:
    unlike = set() if kind == "texts" else {11}
    batches = cut(kind, {3, 20}, unlike, num_workers=num_workers)
    expected = without(numbers(cut(kind)), {3, 20, *unlike})
    assert numbers(batches) == expected
    assert batches.steps_per_epoch == len(expected) == 5
    assert numbers(batches, start=2) == expected[2:]
    assert batches.loading.bad_samples.count == 2 + len(unlike)


@pytest.mark.parametrize("kind", ["map", "rows", "texts"])
def test_every_process_leaves_out_its_own(kind: str) -> None:
    ours = []
    for rank in (0, 1):
        batches = cut(kind, {3, 20}, rank=rank, world_size=2, batch_size=2)
        ours += [n for step in numbers(batches) for micro in step for n in micro]
    assert sorted(ours) == [n for n in range(SIZE) if n not in (3, 20)]


def first_micro_batch(kind: str) -> set[int]:
    return set(numbers(cut(kind))[0][0])


@pytest.mark.parametrize("kind", ["map", "rows", "texts"])
def test_a_batch_of_bad_ones_alone_counts_for_nothing(kind: str) -> None:
    bad = first_micro_batch(kind)
    batches = cut(kind, bad)
    first = next(iter(batches.epoch(0)))
    assert [float(micro.weight) for micro in first] == [0.0, 1.0]
    (stand_in,) = first[0].columns["number"].flatten().tolist()
    assert stand_in not in bad
    assert len(first[1].columns["number"]) == 4
    assert batches.loading.bad_samples.count == 4


def test_a_step_of_bad_ones_alone_counts_for_nothing() -> None:
    bad = first_micro_batch("map") | set(numbers(cut("map"))[0][1])
    one = cut("map", bad, batch_size=8, accumulation_steps=1)
    (alone,) = next(iter(one.epoch(0)))
    assert float(alone.weight) == 0.0
    assert isinstance(alone.weight, torch.Tensor)


@pytest.mark.parametrize("num_workers", [0, 2])
def test_texts_with_a_collator_are_left_out_as_those_without(num_workers: int) -> None:
    batches = cut("collated texts", {3, 20}, num_workers=num_workers)
    expected = without(numbers(cut("texts")), {3, 20, 11})
    assert numbers(batches) == expected
    first = batches.loading.bad_samples.described()["first"]
    assert [reason.partition(" (")[0] for reason in first] == [
        "row 4 of dataset 'fragile': KeyError: 'age'",
        "row 12 of dataset 'fragile': cannot be put into a batch: ValueError: odd",
        "row 21 of dataset 'fragile': KeyError: 'age'",
    ]
    assert numbers(cut("collated texts", {3, 20}), start=2) == expected[2:]


def test_collated_texts_of_which_a_batch_is_bad_count_for_nothing() -> None:
    first = next(iter(cut("collated texts", {0, 1, 2, 3}).epoch(0)))
    assert [float(micro.weight) for micro in first] == [0.0, 1.0]
    assert first[0].columns["number"].tolist() == [4]


def test_a_smaller_batch_weighs_as_many_targets_as_it_has() -> None:
    steps = numbers(cut("map"))
    bad = {steps[0][0][1]}
    first = next(iter(cut("map", bad).epoch(0)))
    assert [float(m.weight) for m in first] == pytest.approx([3 / 7, 4 / 7])


def test_the_one_unlike_all_others_is_left_out_where_it_comes_first() -> None:
    first = numbers(cut("map"))[0][0]
    batches = cut("map", set(), {first[0]})
    assert numbers(batches)[0][0] == first[1:]
    assert batches.loading.bad_samples.described()["first"] == [
        f"row {first[0] + 1} of dataset 'fragile': cannot be put into a batch: has "
        "name where others have number"
    ]


def test_an_evaluation_leaves_it_out_too() -> None:
    bad = BadSamples(100)
    dataset = Fragile({3, 4, 5, 6, 7}, set())
    batches = EvalBatches(
        dataset, batch_size=4, device=CPU, loading=Loading(bad_samples=bad)
    )
    found = [(b.columns["number"].tolist(), float(b.weight)) for b in batches]
    assert found[:3] == [([0, 1, 2], 3.0), ([0], 0.0), ([8, 9, 10, 11], 4.0)]
    assert bad.count == 5


@pytest.mark.parametrize("kind", ["map", "rows", "texts"])
def test_unless_asked_for_nothing_is_left_out(kind: str) -> None:
    with pytest.raises(BadRowError, match="row 4 of dataset 'fragile': KeyError"):
        numbers(cut(kind, {3}, limit=None))


@pytest.mark.parametrize("kind", ["map", "rows", "texts"])
@pytest.mark.parametrize("num_workers", [0, 2])
def test_where_no_sample_can_be_used_the_run_ends(kind, num_workers) -> None:
    everything = set(range(SIZE))
    with pytest.raises(BadRowError, match="of dataset 'fragile': KeyError"):
        numbers(cut(kind, everything, num_workers=num_workers))


def test_a_batch_that_no_single_sample_spoils_is_an_error() -> None:
    def collate(samples: list[Any]) -> dict[str, torch.Tensor]:
        if len(samples) > 3:
            raise ValueError("too many")
        return {"number": torch.stack([sample["number"] for sample in samples])}

    dataset = Fragile(set(), set())
    dataset.collate = collate  # type: ignore[attr-defined]
    batches = TrainBatches(
        dataset,
        batch_size=4,
        accumulation_steps=1,
        seed=0,
        device=CPU,
        loading=Loading(bad_samples=BadSamples(9)),
    )
    with pytest.raises(BadRowError, match=r"a batch that begins with row .*too many"):
        next(iter(batches.epoch(0)))


@pytest.mark.parametrize("num_workers", [0, 2])
def test_what_is_read_ahead_is_not_counted_before_its_turn(num_workers) -> None:
    order = [n for step in numbers(cut("map")) for micro in step for n in micro]
    batches = cut("map", set(order[8:12]), num_workers=num_workers)
    steps = batches.epoch(0)
    next(steps)
    assert batches.loading.bad_samples.count == 0
    next(steps)
    assert batches.loading.bad_samples.count == 4


def test_a_sample_counts_once() -> None:
    bad = BadSamples(2)
    for _ in range(3):
        bad.leave_out([LeftOut("row 1", "odd"), LeftOut("row 2", "even")])
    assert bad.count == 2


def test_one_more_than_may_be_ends_the_run() -> None:
    bad = BadSamples(2)
    bad.leave_out([LeftOut("row 1", "odd"), LeftOut("row 2", "even")])
    with pytest.raises(TooManyBadSamplesError) as caught:
        bad.leave_out([LeftOut("row 9", "KeyError: 'age'")])
    assert caught.value.exit_code == 1
    assert str(caught.value) == (
        "more than the 2 samples of data.max_bad_samples cannot be used, the latest "
        "row 9: KeyError: 'age'"
    )


def test_what_was_counted_before_a_resumption_counts() -> None:
    before, after = BadSamples(2), BadSamples(2)
    before.leave_out([LeftOut("row 1", "odd"), LeftOut("row 2", "even")])
    after.load_state_dict(before.state_dict())
    after.leave_out([LeftOut("row 1", "odd")])
    with pytest.raises(TooManyBadSamplesError):
        after.leave_out([LeftOut("row 3", "odd")])


def test_the_first_are_logged_and_then_every_hundredth(caplog) -> None:
    bad = BadSamples(1000)
    with caplog.at_level(logging.WARNING):
        bad.leave_out([LeftOut(f"row {n}", "odd") for n in range(1, 250)])
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0] == "left out a sample (1): row 1: odd"
    assert [line.split("(")[1].split(")")[0] for line in lines] == (
        ["1", "2", "3", "4", "5", "100", "200"]
    )


def test_a_batch_of_nothing_has_no_weight_beside_other_processes(monkeypatch) -> None:
    monkeypatch.setattr(micro_batches, "get_world_size", lambda: 2)
    monkeypatch.setattr(micro_batches, "all_reduce_sum", lambda total: total + 4)
    batch = {"number": torch.zeros(1)}
    assert [float(w) for w in micro_batches.loss_weights([batch], [False])] == [0.0]
