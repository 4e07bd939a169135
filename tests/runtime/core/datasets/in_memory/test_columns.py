"""Columns in memory: a batch is what a loop over the samples would give."""

from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader

from oumi_runtime.core.datasets import ColumnDataset, RaggedColumn, concatenate
from oumi_runtime.core.datasets.in_memory import columns as columns_module
from oumi_runtime.exceptions import DataError


def ragged(rows: list[list[int]], pad_value: int = 0) -> RaggedColumn:
    return RaggedColumn(
        torch.tensor([value for row in rows for value in row], dtype=torch.int32),
        torch.tensor([len(row) for row in rows]),
        pad_value=pad_value,
    )


def padded(rows: list[list[int]], pad_value: int) -> tuple[list[list[int]], ...]:
    """The same by a plain loop."""
    width = max([1, *map(len, rows)])
    filled = [row + [pad_value] * (width - len(row)) for row in rows]
    masks = [[1] * len(row) + [0] * (width - len(row)) for row in rows]
    return filled, masks


def random_rows(seed: int) -> list[list[int]]:
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(0, 6, (20,), generator=generator).tolist()
    return [
        torch.randint(1, 99, (length,), generator=generator).tolist()
        for length in lengths
    ]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("pad_value", [0, 7])
def test_padding_equals_a_plain_loop(seed, pad_value):
    rows = random_rows(seed)
    indices = torch.randint(-20, 20, (50,), generator=torch.Generator().manual_seed(9))
    for chosen in (indices, indices[:1], torch.arange(20), indices[:0]):
        values, mask = ragged(rows, pad_value).pad(chosen)
        expected = padded([rows[i] for i in chosen.tolist()], pad_value)
        assert values.dtype == mask.dtype == torch.int64
        if len(chosen):
            assert (values.tolist(), mask.tolist()) == expected
        else:
            assert values.shape == mask.shape == (0, 1)


@pytest.mark.parametrize("rows", [[[], []], [[]], [[1], []], [[], [1]], [[], [5], []]])
def test_empty_sequences_are_all_padding(rows):
    values, mask = ragged(rows, 3).pad(torch.arange(len(rows)))
    assert (values.tolist(), mask.tolist()) == padded(rows, 3)


def test_the_stored_values_are_not_changed_by_padding():
    column = ragged([[1, 2], [3]], 9)
    column.pad(torch.tensor([0, 1]))
    assert column.values.tolist() == [1, 2, 3]


def test_a_batch_holds_every_column_and_the_mask_of_input_ids():
    dataset = ColumnDataset(
        {"input_ids": ragged([[1, 2], [], [3]]), "labels": torch.tensor([4, 5, 6])}
    )
    batch = dataset.take(torch.tensor([2, 0]))
    assert {name: column.tolist() for name, column in batch.items()} == {
        "input_ids": [[3, 0], [1, 2]],
        "attention_mask": [[1, 0], [1, 1]],
        "labels": [6, 4],
    }


def test_only_input_ids_have_a_mask():
    batch = ColumnDataset({"other": ragged([[1]])}).take(torch.tensor([0]))
    assert list(batch) == ["other"]


@pytest.mark.parametrize("index", [0, 2, -1, -3])
def test_an_index_gives_one_sample_without_a_batch_dimension(index):
    dataset = ColumnDataset(
        {"input_ids": ragged([[1, 2], [3], []]), "labels": torch.tensor([4, 5, 6])}
    )
    sample = dataset[index]
    assert sample["labels"].item() == [4, 5, 6][index]
    assert sample["input_ids"].tolist() == [[1, 2], [3], [0]][index]


@pytest.mark.parametrize("index", [3, -4])
def test_an_index_out_of_range_is_an_index_error(index):
    with pytest.raises(IndexError, match=f"sample {index} of 3"):
        ColumnDataset({"labels": torch.arange(3)})[index]


def test_a_loop_over_the_dataset_ends():
    dataset = ColumnDataset({"labels": torch.arange(3)})
    assert [sample["labels"].item() for sample in dataset] == [0, 1, 2]


def test_a_data_loader_gives_the_same_batches():
    dataset = ColumnDataset(
        {"images": torch.rand(5, 1, 2, 2), "labels": torch.arange(5)}
    )
    batches = list(DataLoader(dataset, batch_size=2))
    assert [batch["labels"].tolist() for batch in batches] == [[0, 1], [2, 3], [4]]
    assert batches[1]["images"].equal(dataset.take(torch.tensor([2, 3]))["images"])


@pytest.mark.parametrize(
    "columns", [{}, {"a": torch.arange(2), "labels": torch.arange(3)}]
)
def test_columns_of_different_lengths_are_refused(columns):
    with pytest.raises(ValueError, match="columns must be of equal length"):
        ColumnDataset(columns)


@pytest.mark.parametrize("chosen", [[0], [5, 0, 3], [2, 2, 1], [], list(range(6))])
def test_chosen_samples_are_a_column_dataset_too(chosen: list[int]):
    rows = [[1], [], [2, 3], [4, 5, 6], [], [7]]
    dataset = ColumnDataset(
        {"input_ids": ragged(rows, 9), "labels": torch.arange(6)},
        label_names=["a", "b"],
    )
    indices = torch.tensor(chosen, dtype=torch.int64)
    selected = dataset.select(indices)
    assert len(selected) == len(chosen)
    assert selected.label_names == ["a", "b"]
    for name, column in dataset.take(indices).items():
        assert selected.take(torch.arange(len(chosen)))[name].equal(column)


def test_several_datasets_become_one_whose_batches_are_gathered():
    rows = [[[1, 2], []], [[3]]]
    parts = [
        ColumnDataset(
            {"input_ids": ragged(part, 9), "labels": torch.arange(len(part))},
            label_names=["a", "b"],
        )
        for part in rows
    ]
    whole = concatenate(parts)
    batch = whole.take(torch.tensor([0, 1, 2]))
    assert batch["input_ids"].tolist() == [[1, 2], [9, 9], [3, 9]]
    assert batch["labels"].tolist() == [0, 1, 0]
    assert whole.label_names == ["a", "b"]


@pytest.mark.parametrize(
    "other",
    [
        {"labels": torch.arange(2)},
        {"images": torch.rand(2, 1, 4, 4), "labels": torch.arange(2)},
        {"images": torch.rand(2, 1, 3, 3).half(), "labels": torch.arange(2)},
        {"images": ragged([[1], [2]]), "labels": torch.arange(2)},
    ],
)
def test_datasets_of_different_columns_are_refused(other):
    one = {"images": torch.rand(2, 1, 3, 3), "labels": torch.arange(2)}
    with pytest.raises(DataError, match="must have the same columns") as error:
        concatenate([ColumnDataset(one), ColumnDataset(other)])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("length", [0, 1, 2, 9])
def test_sequences_can_be_cut(length):
    column = ragged([[1, 2, 3], [], [4], [5, 6]]).cut(length, pad_value=7)
    rows = [part.tolist() for part in column.values.split(column.lengths.tolist())]
    assert rows == [row[:length] for row in ([1, 2, 3], [], [4], [5, 6])]
    assert column.pad_value == 7


def test_sequences_can_be_ended_by_a_value():
    column = ragged([[1, 2], [], [3]]).ended_by(9)
    rows = [part.tolist() for part in column.values.split(column.lengths.tolist())]
    assert rows == [[1, 2, 9], [9], [3, 9]]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("sizes", [[20], [1] * 20, [3, 7, 1, 9]])
def test_runs_are_the_batches_that_are_taken_one_by_one(seed, sizes):
    rows = random_rows(seed)
    dataset = ColumnDataset(
        {
            "input_ids": ragged(rows),
            "labels": ragged([row[1:] for row in rows], pad_value=-100),
            "number": torch.arange(20),
            "image": torch.rand(20, 2, 3),
        }
    )
    found = list(dataset.take_runs(sizes))
    assert len(found) == len(sizes)
    for batch, indices in zip(found, torch.arange(20).split(sizes), strict=True):
        expected = dataset.take(indices)
        assert batch.keys() == expected.keys()
        for name, column in expected.items():
            assert batch[name].equal(column)
            assert batch[name].dtype == column.dtype


@pytest.mark.parametrize("at_once", [1, 3, 1000])
def test_some_sequences_at_a_time_give_what_all_of_them_do(monkeypatch, at_once):
    monkeypatch.setattr(columns_module, "_SEQUENCES_AT_ONCE", at_once)
    rows = [list(range(start, start + start % 5)) for start in range(40)]
    values = torch.tensor([value for row in rows for value in row], dtype=torch.int16)
    column = RaggedColumn(values, torch.tensor([len(row) for row in rows]))
    order = torch.tensor([7, 7, 0, 39, *range(20)])
    chosen = column.select(order)
    assert chosen.values.dtype == torch.int16
    assert listed(chosen) == [rows[row] for row in order.tolist()]
    assert listed(column.cut(2, pad_value=0)) == [row[:2] for row in rows]
    assert listed(column.cut(0, pad_value=0)) == [[] for _ in rows]


def listed(column: RaggedColumn) -> list[list[int]]:
    parts = torch.split(column.values, column.lengths.tolist())
    return [part.tolist() for part in parts]


def test_no_places_of_all_values_are_made(monkeypatch):
    sizes: list[int] = []
    arange = torch.arange

    def counted(*arguments: Any, **options: Any) -> torch.Tensor:
        made = arange(*arguments, **options)
        sizes.append(len(made))
        return made

    column = RaggedColumn(torch.zeros(400_000).byte(), torch.full((20_000,), 20))
    order = torch.randperm(20_000)
    monkeypatch.setattr(columns_module.torch, "arange", counted)
    column.select(order)
    column.cut(10, pad_value=0)
    assert max(sizes) < 100_000
    assert sum(sizes) == 400_000 + 200_000


def test_sequences_that_are_short_enough_are_not_copied():
    column = RaggedColumn(torch.arange(6), torch.tensor([2, 4]))
    cut = column.cut(4, pad_value=-100)
    assert cut.values is column.values
    assert cut.pad_value == -100


def rows_of(column: RaggedColumn) -> list[list[int]]:
    parts = column.values.split(column.lengths.tolist())
    return [part.tolist() for part in parts]


@pytest.mark.parametrize("length", [0, 1, 2, 9])
def test_the_end_of_each_sequence_can_be_kept_or_removed(length: int):
    rows = [[1, 2, 3], [], [4], [5, 6]]
    last = ragged(rows, pad_value=7).last(length, pad_value=8)
    assert rows_of(last) == [row[max(0, len(row) - length) :] for row in rows]
    assert last.pad_value == 8
    shorter = ragged(rows, pad_value=7).without_end(length)
    assert rows_of(shorter) == [row[: max(0, len(row) - length)] for row in rows]
    assert shorter.pad_value == 7
