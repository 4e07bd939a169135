"""Labelled texts before they are tokenized."""

import pytest

from oumi_runtime.core.datasets import TextDataset


def test_a_sample_is_a_text_and_its_label():
    dataset = TextDataset(["a", "b"], [1, 0], label_names=["x", "y"])
    assert len(dataset) == 2
    assert dataset[1] == dataset[-1] == {"text": "b", "label": 0}
    with pytest.raises(IndexError):
        dataset[2]


def test_texts_and_labels_must_be_as_many():
    with pytest.raises(ValueError, match=r"of equal length, not .*2.*1"):
        TextDataset(["a", "b"], [0])


def test_only_half_surrogate_pairs_are_replaced():
    assert TextDataset(["ü日\x00", "a\ud800b"], [0, 0]).texts == ["ü日\x00", "a?b"]
