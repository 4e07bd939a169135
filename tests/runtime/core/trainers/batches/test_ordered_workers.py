"""Processes that call a function, and when they end."""

import multiprocessing
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess

import pytest
import torch

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
    return {
        "plain": {"x": values, "empty": values[:0], "scalar": torch.tensor(2.5)},
        "bfloat16": {"x": values.bfloat16()},
        "turned": {"x": values.T},
        "grad": {"x": values.float().requires_grad_()},
    }[kind]


def test_tensors_come_as_they_are_and_can_be_written_to() -> None:
    kinds = ["plain", "bfloat16", "turned", "grad"]
    sent = OrderedWorkers(tensors, Loading(2)).map(iter(kinds))
    for kind, found in zip(kinds, sent, strict=True):
        for name, expected in tensors(kind).items():
            tensor = found[name]
            assert torch.equal(tensor, expected), kind
            assert tensor.dtype == expected.dtype
            assert tensor.stride() == expected.stride()
            assert tensor.requires_grad == expected.requires_grad
            tensor.detach().add_(1)
