"""The digits that are shipped with the package."""

import pytest
import torch
from torch.utils.data import DataLoader

from oumi_runtime.datasets import Digits
from oumi_runtime.exceptions import DataError

SIZES = {"train": 1437, "validation": 180, "test": 180}


def test_the_splits_have_their_sizes_and_share_no_sample():
    splits = {split: Digits(split) for split in SIZES}
    assert {split: len(digits) for split, digits in splits.items()} == SIZES
    images = torch.cat([digits.columns["images"] for digits in splits.values()])
    assert len(images.flatten(1).unique(dim=0)) == 1797


@pytest.mark.parametrize("split", SIZES)
def test_images_are_grey_shares_and_labels_are_the_ten_digits(split):
    digits = Digits(split)
    images, labels = digits.columns["images"], digits.columns["labels"]
    assert images.shape[1:] == (1, 8, 8)
    assert (images.dtype, labels.dtype) == (torch.float32, torch.int64)
    assert (images.min().item(), images.max().item()) == (0.0, 1.0)
    assert labels.unique().tolist() == list(range(10))
    assert digits.label_names == list("0123456789")


def test_the_order_is_the_same_every_time():
    first = Digits("test").columns["labels"][:12].tolist()
    assert first == Digits("test").columns["labels"][:12].tolist()
    assert first != sorted(first)


def test_images_can_be_as_large_as_mnists():
    small, large = Digits("test"), Digits("test", image_size=28)
    images = large.columns["images"]
    assert images.shape == (180, 1, 28, 28)
    assert 0.0 <= images.min().item() <= images.max().item() <= 1.0
    means = small.columns["images"].mean((1, 2, 3))
    assert torch.allclose(images.mean((1, 2, 3)), means, atol=0.02)


def test_a_data_loader_makes_batches():
    batch = next(iter(DataLoader(Digits("validation"), batch_size=16)))
    assert batch["images"].shape == (16, 1, 8, 8)
    assert batch["labels"].shape == (16,)


def test_an_unknown_split_is_refused_with_a_suggestion():
    with pytest.raises(
        DataError, match=r"no split 'valid' \(did you mean 'validation'"
    ):
        Digits("valid")


@pytest.mark.parametrize("size", [0, -1, 2.5, "28"])
def test_a_size_that_is_no_number_of_pixels_is_refused(size):
    with pytest.raises(ValueError, match="give a whole number of pixels"):
        Digits(image_size=size)
