"""Processes that call a function, and when they end."""

import multiprocessing
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess

import pytest
import torch

from oumi_runtime.core.datasets.rows import pickling
from oumi_runtime.core.trainers.batches.map_batches import TrainBatches
from oumi_runtime.core.trainers.batches.micro_batches import MicroBatch
from oumi_runtime.core.trainers.batches.ordered_workers import Loading, OrderedWorkers


def odd_only(number: int) -> int:
    if number % 2 == 0:
        raise ValueError(f"{number} is even")
    return number


def workers(persistent: bool = False) -> OrderedWorkers[int]:
    return OrderedWorkers(odd_only, Loading(2, persistent, 2))


def items(first: int = 1) -> Iterator[int]:
    return iter(range(first, first + 40, 2))


@pytest.fixture
def started() -> Callable[[], list[BaseProcess]]:
    """Lists the processes started since; other tests may have left theirs running."""
    others = multiprocessing.active_children()
    return lambda: [p for p in multiprocessing.active_children() if p not in others]


@pytest.mark.parametrize("persistent", [False, True])
def test_an_error_ends_them_though_it_is_held_on_to(started, persistent: bool) -> None:
    with pytest.raises(ValueError, match="is even") as caught:
        list(workers(persistent).map(items(2)))
    assert started() == []
    assert caught.value is not None


def test_a_pass_that_is_given_up_ends_them(started) -> None:
    numbers = workers().map(items())
    assert next(numbers) == 1
    assert len(started()) == 2
    numbers.close()
    assert started() == []


def test_those_that_are_kept_go_on_with_the_next_pass() -> None:
    kept = workers(persistent=True)
    first = kept.map(items())
    next(first)
    before = multiprocessing.active_children()
    first.close()
    assert list(kept.map(items(21))) == list(items(21))
    assert multiprocessing.active_children() == before


def tensors(kind: str) -> dict[str, torch.Tensor]:
    values = torch.arange(6).reshape(2, 3)
    large = torch.arange(200_000).reshape(2, 100_000)
    return {
        "plain": {"x": values, "empty": values[:0], "scalar": torch.tensor(2.5)},
        "bfloat16": {"x": values.bfloat16()},
        "turned": {"x": values.T},
        "grad": {"x": values.float().requires_grad_()},
        "large": {"x": large, "y": large.bfloat16(), "z": (large + 1).T},
        "slice": {"x": large[0, :20_000]},
        "large grad": {"x": large.float().requires_grad_()},
    }[kind]


KINDS = ["plain", "bfloat16", "turned", "grad", "large", "slice", "large grad"]


@pytest.mark.parametrize("shares_memory", [False, True])
def test_tensors_come_as_they_are_and_can_be_written_to(
    monkeypatch, shares_memory: bool
) -> None:
    if not shares_memory:
        monkeypatch.setattr(pickling, "_SHARED_MEMORY", "/nowhere")
    sent = OrderedWorkers(tensors, Loading(2)).map(iter(KINDS))
    for kind, found in zip(KINDS, sent, strict=True):
        for name, expected in tensors(kind).items():
            tensor = found[name]
            assert torch.equal(tensor, expected), kind
            assert tensor.dtype == expected.dtype
            assert tensor.stride() == expected.stride()
            assert tensor.requires_grad == expected.requires_grad
            is_large = kind in ("large", "slice") and tensor.nbytes > 2**16
            if is_large and tensor.dtype != torch.bfloat16:
                assert tensor.is_shared() == shares_memory, kind
            if kind == "slice":
                assert tensor.untyped_storage().nbytes() == tensor.nbytes
            tensor.detach().add_(1)


class Pictures(torch.utils.data.Dataset[dict[str, torch.Tensor]]):
    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        torch.manual_seed(index)
        return {"images": torch.rand(3, 64, 64), "labels": torch.tensor(index)}


def test_batches_of_pictures_are_made_in_the_memory_that_they_are_sent_by() -> None:
    device = torch.device("cpu")

    def steps(num_workers: int) -> Iterator[list[MicroBatch]]:
        return TrainBatches(
            Pictures(),
            batch_size=4,
            accumulation_steps=1,
            seed=0,
            device=device,
            loading=Loading(num_workers),
        ).epoch(0)

    for (expected,), (found,) in zip(steps(0), steps(2), strict=True):
        images = found.columns["images"]
        assert torch.equal(images, expected.columns["images"])
        assert torch.equal(found.columns["labels"], expected.columns["labels"])
        assert images.is_shared()
        assert not found.columns["labels"].is_shared()
