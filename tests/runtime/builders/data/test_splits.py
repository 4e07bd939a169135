"""Texts whose class is unknown, as a split is made ready for a model."""

import re
from typing import Any

import pytest

from oumi_runtime.builders import Preprocessing, prepare_split
from oumi_runtime.builders.tokenizing.tokenizers import build_padded_tokenizer
from oumi_runtime.core.configs import (
    DatasetSplit,
    ModelParams,
    TrainingConfig,
)
from oumi_runtime.core.datasets import TaggedTexts, TextColumns, TextDataset
from oumi_runtime.core.datasets.in_memory.origins import Origin
from oumi_runtime.core.trainers.batches.bad_samples import BadSamples
from oumi_runtime.exceptions import BadRowError, BadSampleError, DataError

VALIDATION = DatasetSplit.VALIDATION


@pytest.fixture
def preprocessing() -> Preprocessing:
    params = ModelParams(model_name="MLPEncoder", tokenizer_name="bytes")
    tokenizer, pad = build_padded_tokenizer(params, texts=[], vocab_size=None)
    return Preprocessing(tokenizer, ["a", "b"], pad_token_id=pad)


def prepared(texts: TextColumns, preprocessing: Preprocessing, limit: int) -> Any:
    bad = BadSamples(limit)
    config = TrainingConfig()
    found = prepare_split(texts, config, VALIDATION, preprocessing, bad)
    return found, bad.described()["first"]


def test_texts_of_unknown_classes_are_left_out(preprocessing) -> None:
    texts = TextDataset(list("vwxyz"), ["a", "c", "b", "d", "b"])
    found, first = prepared(texts, preprocessing, 2)
    assert found.columns["labels"].tolist() == [0, 1, 1]
    assert [line.split(" is ")[0] for line in first] == [
        "sample 2 of data.validation: the label 'c'",
        "sample 4 of data.validation: the label 'd'",
    ]


def test_tags_of_unknown_classes_are_those_of_their_text(preprocessing) -> None:
    texts = TaggedTexts(
        [["v", "w"], ["x"], ["y", "z"]], [["a", "b"], ["a"], ["b", "c"]]
    )
    found, (line,) = prepared(texts, preprocessing, 1)
    assert len(found) == 2
    assert line.startswith("sample 3 of data.validation: the label 'c'")
    with pytest.raises(BadSampleError, match="row 3: the label 'c'"):
        prepare_split(texts, TrainingConfig(), VALIDATION, preprocessing)


def test_unknown_classes_are_told_with_the_row_of_the_dataset(preprocessing) -> None:
    texts = TextDataset(["v", "w"], ["a", "c"])
    texts.origin = Origin.of("mine", "some.csv", 2)
    _, (line,) = prepared(texts, preprocessing, 1)
    where = "row 2 of dataset 'mine' (some.csv): the label 'c' is not a class"
    assert line.startswith(where)
    with pytest.raises(BadRowError, match=f"^{re.escape(where)}"):
        prepare_split(texts, TrainingConfig(), VALIDATION, preprocessing)


def test_a_split_of_unknown_classes_alone_is_refused(preprocessing) -> None:
    texts = TextDataset(["v", "w"], ["c", "d"])
    with pytest.raises(DataError, match=r"data\.validation has no usable samples"):
        prepared(texts, preprocessing, 5)


@pytest.mark.parametrize("is_tagged", [False, True])
def test_many_unknown_classes_are_left_out_at_once(
    preprocessing, monkeypatch, is_tagged
) -> None:
    labels = ["a", "b", "c", "d"] * 25
    texts = (
        TaggedTexts([["v"]] * 100, [[label] for label in labels])
        if is_tagged
        else TextDataset(["v"] * 100, labels)
    )
    sizes: list[int] = []
    apply = Preprocessing.apply

    def counted(self: Preprocessing, dataset: Any) -> Any:
        sizes.append(len(dataset))
        return apply(self, dataset)

    monkeypatch.setattr(Preprocessing, "apply", counted)
    found, _ = prepared(texts, preprocessing, 50)
    assert len(found) == 50
    assert sizes == [50]
