"""The order of the samples, and how a step's share of it becomes batches."""

import os

import pytest
import torch
from torch.overrides import TorchFunctionMode

from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.core.trainers.batches import map_batches
from oumi_runtime.core.trainers.batches.map_batches import (
    TrainBatches,
    epoch_order,
    split_evenly,
)
from oumi_runtime.core.trainers.batches.micro_batches import (
    count_targets,
    loss_weights,
    weigh,
)
from oumi_runtime.core.trainers.batches.ordered_workers import Loading

CPU = torch.device("cpu")


def numbered(count: int) -> ColumnDataset:
    return ColumnDataset({"number": torch.arange(count)})


class Samples(torch.utils.data.Dataset):
    """The same samples as `numbered`, one at a time."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        return {"number": torch.tensor(index)}


def make(dataset: object, batch_size: int, accumulation: int = 1, **options: object):
    return TrainBatches(
        dataset,
        batch_size=batch_size,
        accumulation_steps=accumulation,
        seed=0,
        device=CPU,
        **options,
    )


def numbers(batches: TrainBatches, epoch: int, start_step: int = 0) -> list[list]:
    return [
        [micro.columns["number"].tolist() for micro in step]
        for step in batches.epoch(epoch, start_step)
    ]


def test_the_order_depends_on_seed_and_epoch_only() -> None:
    torch.manual_seed(1)
    order = epoch_order(100, seed=3, epoch=2)
    torch.manual_seed(2)
    assert torch.equal(order, epoch_order(100, seed=3, epoch=2))
    assert not torch.equal(order, epoch_order(100, seed=3, epoch=3))
    assert not torch.equal(order, epoch_order(100, seed=4, epoch=2))


def test_an_epoch_of_one_seed_is_not_the_next_epoch_of_the_seed_before() -> None:
    assert not torch.equal(
        epoch_order(100, seed=3, epoch=1), epoch_order(100, seed=4, epoch=0)
    )


def test_drawing_the_order_leaves_the_global_random_numbers_alone() -> None:
    before = torch.get_rng_state()
    list(
        TrainBatches(
            Samples(5), batch_size=2, accumulation_steps=1, seed=0, device=CPU
        ).epoch(0)
    )
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("count", [1, 7, 8, 9, 23, 24])
@pytest.mark.parametrize("accumulation", [1, 2, 3])
def test_every_sample_comes_once_an_epoch(count: int, accumulation: int) -> None:
    batches = make(numbered(count), 4, accumulation)
    steps = numbers(batches, 0)
    seen = [number for step in steps for micro in step for number in micro]
    assert len(steps) == batches.steps_per_epoch
    assert sorted(seen) == list(range(count))


def test_the_way_of_reading_does_not_change_the_batches() -> None:
    gathered = make(numbered(21), 4, 2)
    sampled = make(Samples(21), 4, 2)
    by_workers = make(Samples(21), 4, 2, loading=Loading(num_workers=2))
    assert numbers(gathered, 1) == numbers(sampled, 1) == numbers(by_workers, 1)


def test_a_later_start_gives_the_rest_of_the_same_epoch() -> None:
    batches = make(numbered(21), 2, 2)
    assert numbers(batches, 4, start_step=3) == numbers(batches, 4)[3:]


def test_processes_share_the_batch_of_one_process_with_as_many_samples() -> None:
    alone = make(numbered(24), 8)
    ranks = [make(numbered(24), 4, rank=rank, world_size=2) for rank in range(2)]
    together = [
        first[0] + second[0]
        for first, second in zip(*(numbers(each, 0) for each in ranks), strict=True)
    ]
    assert together == [step[0] for step in numbers(alone, 0)]


def test_weights_are_the_shares_of_the_targets() -> None:
    batches = [
        {"labels": torch.tensor([1, 2, -100])},
        {"labels": torch.tensor([[3, -1], [4, 5]])},
    ]
    weights = [float(weight) for weight in loss_weights(batches, [True, True])]
    assert weights == pytest.approx([0.4, 0.6])


def test_a_batch_without_class_labels_counts_its_samples() -> None:
    assert count_targets({"features": torch.zeros(5, 2)}) == 5
    assert count_targets({"labels": torch.zeros(4)}) == 4


def test_micro_batches_without_any_target_weigh_nothing() -> None:
    batches = [{"labels": torch.tensor([-100])}] * 2
    assert [float(w) for w in loss_weights(batches, [True, True])] == [0.0, 0.0]


@pytest.mark.parametrize("count", [1, 2, 5, 13])
def test_processes_make_equally_many_batches_and_see_every_sample(count: int) -> None:
    shares = [split_evenly(torch.arange(count), 2, rank, 3) for rank in range(3)]
    assert len({len(batches) for batches in shares}) == 1
    seen = [int(index) for batches in shares for each in batches for index in each]
    assert seen == list(range(count))


class Made(TorchFunctionMode):
    """Notes the tensors made of Python's numbers, which a GPU would wait for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func in (torch.tensor, torch.as_tensor):
            self.names.append(func.__name__)
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("labels", [torch.zeros(4, dtype=torch.int64), torch.rand(4)])
def test_nothing_is_copied_to_the_device_for_the_weights(labels) -> None:
    """Such a copy would wait for what a GPU is at."""
    batch = {"features": torch.rand(4, 2).to("meta"), "labels": labels.to("meta")}
    with Made() as made:
        weigh([batch, batch], [True, False])
    assert made.names == []


def test_a_stand_in_weighs_nothing() -> None:
    batches = [{"labels": torch.tensor([1, 2])}, {"labels": torch.tensor([3])}]
    assert [float(w) for w in loss_weights(batches, [True, False])] == [1.0, 0.0]


class _Readers(torch.utils.data.Dataset):
    """Says which process made a sample."""

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return {"process": torch.tensor(os.getpid()), "noise": torch.rand(())}


@pytest.mark.parametrize("persistent", [False, True])
def test_persistent_workers_are_kept_from_epoch_to_epoch(persistent):
    loading = Loading(num_workers=1, persistent_workers=persistent)
    batches = TrainBatches(
        _Readers(),
        batch_size=4,
        accumulation_steps=1,
        seed=0,
        device=torch.device("cpu"),
        loading=loading,
    )
    seen: list[set[int]] = []
    noise: list[float] = []
    for epoch in range(3):
        columns = [micro.columns for step in batches.epoch(epoch) for micro in step]
        seen.append({int(n) for batch in columns for n in batch["process"]})
        noise += [float(n) for batch in columns for n in batch["noise"]]
    assert len(set.union(*seen)) == (1 if persistent else 3)
    # Samples that are augmented at random differ from epoch to epoch all the same.
    assert len(set(noise)) == 24


def test_some_steps_can_be_all_that_is_trained_on_in_one_order() -> None:
    everything = make(numbered(40), 4)
    few = make(numbered(40), 4, num_repeated_steps=3)
    assert few.steps_per_epoch == 3
    assert few.num_samples == 12
    assert numbers(few, 0) == numbers(everything, 0)[:3]
    assert numbers(few, 1) == numbers(few, 0)
    assert numbers(few, 5, start_step=2) == numbers(few, 0)[2:]
    assert make(numbered(10), 4, num_repeated_steps=9).steps_per_epoch == 3


def test_an_epoch_is_cut_into_steps_as_it_goes(monkeypatch) -> None:
    cut: list[int] = []
    split = map_batches.split_evenly

    def counted(indices: torch.Tensor, *how: int) -> list[torch.Tensor]:
        cut.append(len(indices))
        return split(indices, *how)

    monkeypatch.setattr(map_batches, "split_evenly", counted)
    data = ColumnDataset({"labels": torch.arange(1000)})
    steps = TrainBatches(
        data, batch_size=2, accumulation_steps=1, seed=0, device=torch.device("cpu")
    ).epoch(0)
    for number in range(1, 4):
        next(steps)
        assert len(cut) <= number + 1
    assert len(list(steps)) == 500 - 3
