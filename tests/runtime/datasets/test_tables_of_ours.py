"""Tables that need no network: the digits' pixels, and Python's own functions."""

import pytest
import torch

from oumi_runtime.builders import build_dataset
from oumi_runtime.datasets.stdlib_functions import FEATURES
from oumi_runtime.exceptions import DataError

SPLITS = ("train", "validation", "test")


def test_the_digits_are_64_features_in_the_splits_of_the_images():
    for split in SPLITS:
        table = build_dataset("digits_table", split=split)
        images = build_dataset("digits", split=split)
        pixels = images.columns["images"].flatten(1)
        assert table.columns["features"].shape == (len(images), 64)
        assert torch.equal(table.columns["features"], pixels)
        assert torch.equal(table.columns["labels"], images.columns["labels"])


def test_functions_have_counts_and_the_logarithm_of_their_lines():
    sizes = []
    for split in SPLITS:
        table = build_dataset("stdlib_functions", split=split)
        features, labels = table.columns["features"], table.columns["labels"]
        assert features.shape == (len(table), len(FEATURES))
        assert features.dtype == labels.dtype == torch.float32
        assert (features >= 0).all()
        assert (labels >= 0).all()
        sizes.append(len(table))
    assert sizes[0] > 3000
    assert 0.05 < sizes[1] / sum(sizes) < 0.15


@pytest.mark.parametrize("name", ["digits_table", "stdlib_functions"])
def test_an_unknown_split_is_refused_with_a_suggestion(name: str):
    with pytest.raises(DataError, match=r"'tets' \(did you mean 'test'\?\)"):
        build_dataset(name, split="tets")
