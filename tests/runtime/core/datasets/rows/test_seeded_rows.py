"""A batch's samples are the same whoever reads them, and whenever."""

import random

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from oumi_runtime.core.datasets.rows.seeding import SeededRows, random_numbers_from


class Noise(Dataset):
    def __len__(self) -> int:
        return 12

    def __getitem__(self, index):
        drawn = [torch.rand(()).item(), random.random(), float(np.random.rand())]
        return torch.tensor([index, *drawn], dtype=torch.float64)


def batches(num_workers: int, skip: int = 0, seed: int = 1) -> torch.Tensor:
    order = [[5, 1, 7], [0, 2, 3], [4, 6, 8], [9, 10, 11]][skip:]
    loader = DataLoader(
        SeededRows(Noise(), seed), batch_sampler=order, num_workers=num_workers
    )
    return torch.stack(list(loader))


def test_the_samples_do_not_depend_on_the_processes_nor_on_those_before() -> None:
    alone = batches(0)
    assert torch.equal(batches(2), alone)
    assert torch.equal(batches(2, skip=1), alone[1:])
    assert torch.equal(batches(0, skip=3), alone[3:])


def test_another_seed_draws_other_numbers() -> None:
    assert not torch.equal(batches(0, seed=2)[..., 1:], batches(0)[..., 1:])


def test_the_numbers_that_others_draw_are_not_touched() -> None:
    def draw():
        return torch.rand(2).tolist(), random.random(), float(np.random.rand())

    torch.manual_seed(3)
    random.seed(3)
    np.random.seed(3)
    expected = [draw(), draw()]
    torch.manual_seed(3)
    random.seed(3)
    np.random.seed(3)
    first = draw()
    with random_numbers_from(2**70):
        draw()
    assert [first, draw()] == expected


def test_the_second_half_of_a_pair_of_normal_numbers_is_not_lost() -> None:
    np.random.seed(3)
    expected = np.random.randn(3).tolist()
    np.random.seed(3)
    first = np.random.randn()  # NumPy draws them in pairs, and keeps the other.
    with random_numbers_from(5):
        np.random.randn()
    assert [first, *np.random.randn(2).tolist()] == expected


def test_blocks_may_be_nested() -> None:
    with random_numbers_from(5):
        expected = [np.random.rand(), np.random.rand()]
    with random_numbers_from(5):
        first = np.random.rand()
        with random_numbers_from(6):
            np.random.rand()
        assert [first, np.random.rand()] == expected
