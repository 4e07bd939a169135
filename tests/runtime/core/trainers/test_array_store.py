"""Small results are copied next to each other."""

import numpy as np
import pytest
import torch

from oumi_runtime.core.trainers import array_store
from oumi_runtime.core.trainers.array_store import ArrayStore


def base_of(values: np.ndarray) -> int:
    while isinstance(values.base, np.ndarray):
        values = values.base
    return id(values)


def test_copies_share_a_few_large_buffers():
    store, tensor = ArrayStore(), torch.zeros(256, 10)
    kept = [store.store(tensor) for _ in range(1000)]
    assert len({base_of(each) for each in kept}) == 3  # 10 MB in buffers of 4.


def test_values_are_those_that_were_given_whatever_comes_after():
    store = ArrayStore()
    given = [torch.full((2, size), float(size)) for size in range(1, 9)]
    given += [torch.arange(size) for size in (0, 5, 3)]
    kept = [store.store(each) for each in given]
    for values, tensor in zip(kept, given, strict=True):
        tensor_then = tensor.clone()
        tensor.zero_()
        assert values.dtype == tensor.numpy().dtype
        np.testing.assert_array_equal(values, tensor_then.numpy())


@pytest.mark.parametrize("size", [7, 8, 9, 100])
def test_a_result_larger_than_a_buffer_has_one_of_its_own(monkeypatch, size):
    monkeypatch.setattr(array_store, "_BUFFER_BYTES", 64)
    store, tensor = ArrayStore(), torch.arange(size)
    kept = [store.store(tensor) for _ in range(3)]
    assert [each.tolist() for each in kept] == [list(range(size))] * 3
