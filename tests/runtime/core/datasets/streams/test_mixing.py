"""Which rows a mixture holds: by plain counting, and the same for streams."""

import itertools

import pytest
import torch
from torch.utils.data import IterableDataset

from oumi_runtime.core.datasets import Stream, StreamSource
from oumi_runtime.core.datasets.streams.mixing import (
    draw_sources,
    mix_rows,
    rows_of_split,
)


def counted(lengths: list[int], proportions: list[float], until_all: bool, seed: int):
    """The rows of a mixture, one after the other, as Hugging Face draws them."""
    taken, samples = [0] * len(lengths), []
    chunks = draw_sources(proportions, seed)
    draws = itertools.chain.from_iterable(chunk.tolist() for chunk in chunks)
    for source in draws:
        samples.append((source, taken[source] % lengths[source]))
        taken[source] += 1
        ended = [t >= length for t, length in zip(taken, lengths, strict=True)]
        if all(ended) if until_all else any(ended):
            return samples
    raise AssertionError


class Numbers(IterableDataset):
    def __init__(self, numbers: list) -> None:
        self.numbers = numbers

    def __iter__(self):
        return iter(self.numbers)


@pytest.mark.parametrize("until_all", [False, True])
@pytest.mark.parametrize(
    ("lengths", "proportions"),
    [([1], [1.0]), ([10, 20], [0.3, 0.7]), ([9, 5, 4000], [0.5, 0.25, 0.25])],
)
def test_a_mixture_is_drawn_row_by_row(until_all, lengths, proportions):
    for seed in range(3):
        expected = counted(lengths, proportions, until_all, seed)
        sources, rows = mix_rows(lengths, proportions, until_all=until_all, seed=seed)
        pairs = zip(sources.tolist(), rows.tolist(), strict=True)
        assert list(pairs) == expected
        stream = Stream(
            [
                StreamSource(Numbers([(source, row) for row in range(length)]))
                for source, length in enumerate(lengths)
            ],
            proportions=proportions,
            until_all=until_all,
            seed=seed,
        )
        assert list(stream) == expected


def test_every_row_comes_where_all_datasets_are_used_up():
    sources, rows = mix_rows([7, 30], [0.5, 0.5], until_all=True, seed=1)
    pairs = set(zip(sources.tolist(), rows.tolist(), strict=True))
    assert pairs == {(0, row) for row in range(7)} | {(1, row) for row in range(30)}


def test_a_dataset_comes_as_often_as_its_proportion_says():
    sources, _ = mix_rows([50_000, 50_000], [0.2, 0.8], until_all=False, seed=0)
    assert sources.double().mean() == pytest.approx(0.8, abs=0.01)


def test_another_seed_mixes_otherwise():
    first, again, other = (
        mix_rows([50, 50], [0.5, 0.5], until_all=False, seed=seed)[0]
        for seed in (3, 3, 4)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first[:40], other[:40])


SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


@pytest.mark.parametrize("num_rows", [1, 9, 10, 1000])
def test_each_row_is_in_one_split(num_rows: int) -> None:
    parts = [rows_of_split(num_rows, SHARES, name) for name in SHARES]
    assert torch.cat(parts).sort().values.tolist() == list(range(num_rows))
    for part, share in zip(parts, SHARES.values(), strict=True):
        assert abs(len(part) - share * num_rows) < 1
        assert part.tolist() == sorted(part.tolist())


def test_which_rows_a_split_has_does_not_depend_on_the_order_of_the_shares() -> None:
    turned = dict(reversed(SHARES.items()))
    for name in SHARES:
        rows = rows_of_split(50, SHARES, name)
        assert torch.equal(rows, rows_of_split(50, turned, name))


def test_rows_that_are_added_move_few_of_the_others() -> None:
    before = rows_of_split(1000, SHARES, "train").tolist()
    after = rows_of_split(1100, SHARES, "train").tolist()
    assert len({*before} - {*after}) < 30


def test_rows_are_drawn_whatever_comes_back_every_tenth_row() -> None:
    tens = rows_of_split(1000, SHARES, "test") % 10
    assert tens.bincount(minlength=10).max() < 25
