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


def test_a_table_may_have_fewer_features_and_classes():
    train, test = (
        build_dataset("digits_table", split=split, num_features=9, num_classes=2)
        for split in ("train", "test")
    )
    assert train.columns["features"].shape == (len(train), 9)
    assert set(test.columns["labels"].tolist()) == {0, 1}
    assert train.label_names == ["0", "1"]
    # A pixel at the edge is always white, and would say nothing.
    assert (train.columns["features"].var(dim=0) > 0.05).all()
    functions = build_dataset("stdlib_functions", num_features=3)
    whole = build_dataset("stdlib_functions").columns["features"]
    assert torch.equal(functions.columns["features"], whole[:, :3])
    assert functions.feature_names == list(FEATURES[:3])


@pytest.mark.parametrize(
    ("name", "kwargs", "reason"),
    [
        ("digits_table", {"num_features": 65}, "num_features is 65; give a whole"),
        ("digits_table", {"num_classes": 11}, "num_classes is 11; give a whole"),
        ("stdlib_functions", {"num_features": 0}, "a whole number from 1 to 12"),
        ("digits", {"channels": 1.5}, "digits: channels is 1.5; give"),
        ("stdlib_docstrings", {"num_classes": True}, "num_classes is True; give"),
        ("stdlib_tokens", {"num_classes": 10}, "a whole number from 1 to 9"),
    ],
)
def test_more_than_there_is_is_refused(name: str, kwargs: dict, reason: str):
    with pytest.raises(DataError, match=reason):
        build_dataset(name, **kwargs)


def test_the_other_data_may_have_fewer_classes():
    images = build_dataset("digits", channels=3, num_classes=4)
    assert images.columns["images"].shape[1:] == (3, 8, 8)
    assert images.label_names == list("0123")
    assert int(images.columns["labels"].max()) == 3
    texts = build_dataset("stdlib_docstrings", num_classes=2)
    assert set(texts.all_labels) == {0, 1}
    assert texts.label_names == ["asyncio", "email"]
    tokens = build_dataset("stdlib_tokens", num_classes=2)
    assert set(tokens.all_labels) == {0, 1, -100}
    assert tokens.label_names == ["attribute", "call"]
