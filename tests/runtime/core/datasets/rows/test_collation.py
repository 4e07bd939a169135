"""Batches of samples that were read one by one."""

import pytest
import torch
from torch.utils.data import DataLoader

from oumi_runtime.core.datasets import (
    BaseMapDataset,
    CollatedDataset,
    PaddingCollator,
    RowCollator,
    RowReader,
)
from oumi_runtime.exceptions import BadRowError, DataError


class Rows(BaseMapDataset):
    def __init__(self, *rows):
        super().__init__(dataset_name="rows", dataset_path="rows.txt")
        self._data = list(rows)

    def transform(self, sample):
        return sample


def test_sequences_are_padded_to_the_longest_and_masked():
    batch = PaddingCollator(pad_token_id=9)(
        [
            {"input_ids": torch.tensor([1, 2, 3]), "labels": [4, 5, 6], "label": 1},
            {"input_ids": torch.tensor([1]), "labels": [4], "label": 0},
        ]
    )
    assert batch["input_ids"].tolist() == [[1, 2, 3], [1, 9, 9]]
    assert batch["labels"].tolist() == [[4, 5, 6], [4, -100, -100]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch["label"].tolist() == [1, 0]


def test_sequences_of_one_length_need_no_mask():
    samples = [{"input_ids": torch.tensor([1, 2])}] * 3
    assert set(PaddingCollator()(samples)) == {"input_ids"}


def test_a_mask_that_is_there_is_padded_with_zeros():
    samples = [{"input_ids": [1, 2], "attention_mask": [1, 1]}]
    samples += [{"input_ids": [3], "attention_mask": [1]}]
    batch = PaddingCollator()(samples)
    assert batch["attention_mask"].tolist() == [[1, 1], [1, 0]]


def test_sequences_are_cut_and_filled_up_to_a_multiple():
    collate = PaddingCollator(max_length=3, pad_to_multiple_of=4, label_ignore_index=-1)
    batch = collate([{"labels": [1] * 9}, {"labels": [2]}])
    assert batch["labels"].tolist() == [[1, 1, 1, -1], [2, -1, -1, -1]]


def test_pictures_and_numbers_are_stacked():
    batch = PaddingCollator()([{"images": torch.ones(1, 2, 2), "labels": 3}] * 2)
    assert batch["images"].shape == (2, 1, 2, 2)
    assert batch["labels"].tolist() == [3, 3]


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({"images": torch.ones(1, 3, 2)}, r"'images' is of shapes \(1, 2, 2\) and"),
        ({"pictures": torch.ones(1, 2, 2)}, "has pictures where others have images"),
        ({"images": "a.png"}, "'images' is 'a.png', not numeric"),
    ],
)
@pytest.mark.parametrize("num_workers", [0, 1])
def test_the_row_that_does_not_fit_is_named(other, sentence, num_workers):
    good = {"images": torch.ones(1, 2, 2)}
    dataset = Rows(good, good, other, good)
    loader = DataLoader(
        RowReader(dataset),
        batch_size=4,
        num_workers=num_workers,
        collate_fn=RowCollator(dataset),
    )
    with pytest.raises(BadRowError, match=sentence) as caught:
        list(loader)
    named = "row 3 of dataset 'rows' (rows.txt): cannot be put into a batch: "
    assert str(caught.value).startswith(named)


@pytest.mark.parametrize("sample", [torch.ones(3), (torch.ones(3), 1), "a text"])
def test_a_sample_without_names_is_told_how_to_have_them(sample):
    with pytest.raises(DataError, match="return a dict of the model's inputs"):
        PaddingCollator()([sample, sample])


def test_a_dataset_s_own_collator_goes_first_and_keeps_the_row_s_name():
    def collate(samples):
        if any(sample["number"] == 7 for sample in samples):
            raise DataError("seven is not a number")
        return {"sum": torch.tensor(sum(sample["number"] for sample in samples))}

    dataset = CollatedDataset(Rows({"number": 1}, {"number": 2}), collate)
    rows = [(index, dataset[index]) for index in range(len(dataset))]
    assert RowCollator(dataset)(rows)["sum"] == 3
    bad = CollatedDataset(Rows({"number": 1}, {"number": 7}), collate)
    with pytest.raises(BadRowError, match=r"row 2 of dataset 'rows' .*seven"):
        RowCollator(bad)([(index, bad[index]) for index in range(2)])


def test_features_are_no_sequences_to_be_rounded_up():
    samples = [{"features": torch.ones(3), "input_ids": [1, 2, 3], "labels": 1}] * 2
    batch = PaddingCollator(pad_to_multiple_of=4)(samples)
    assert batch["features"].shape == (2, 3)
    waves = [{"wave": torch.ones(size)} for size in (2, 3)]
    assert PaddingCollator(pad_to_multiple_of=4)(waves)["wave"].shape == (2, 4)
    assert batch["input_ids"].shape == (2, 4)


def test_the_line_of_a_users_collator_that_fails_is_named() -> None:
    class Rows:
        dataset_name = "rows"

    def collate(samples):
        return torch.stack([sample["imput_ids"] for sample in samples])

    rows = [(n, {"input_ids": torch.tensor([n])}) for n in range(3)]
    line = collate.__code__.co_firstlineno + 1
    reason = rf"KeyError: 'imput_ids' \(test_collation.py:{line}\)$"
    with pytest.raises(BadRowError, match=reason):
        RowCollator(Rows(), collate)(rows)
