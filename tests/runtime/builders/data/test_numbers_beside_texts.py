"""A sample may hold numbers beside its texts, such as the label of a second task."""

from typing import Any

import pytest
import torch

from oumi_runtime.builders import build_dataset_mixture, fit_preprocessing
from oumi_runtime.core.configs import (
    DataParams,
    DatasetParams,
    DatasetSplit,
    DatasetSplitParams,
    ModelParams,
)
from oumi_runtime.core.datasets import BaseMapDataset, Stream, StreamSource
from oumi_runtime.core.datasets.rows.collation import PaddingCollator
from oumi_runtime.core.registry import register_dataset
from oumi_runtime.exceptions import BadRowError, DataError
from oumi_runtime.models import MLPEncoder


def preprocessed(rows: list[dict[str, Any]], *, stream: bool = False) -> Any:
    @register_dataset("numbered")
    class Numbered(BaseMapDataset):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self._data = rows

        def transform(self, sample):
            return dict(sample)

    params = [DatasetParams(dataset_name="numbered")]
    data = DataParams(train=DatasetSplitParams(datasets=params, stream=stream))
    texts = build_dataset_mixture(data, DatasetSplit.TRAIN)
    model = MLPEncoder(input_dim=80, output_dim=3)
    return fit_preprocessing(texts, ModelParams(model_name="x"), model), texts


def tokenized(rows: list[dict[str, Any]], *, stream: bool = False) -> Any:
    preprocessing, texts = preprocessed(rows, stream=stream)
    return preprocessing.apply(texts)


ROWS = [{"text": f"t {n}", "label": n % 3, "stars": n / 2} for n in range(90)]


@pytest.mark.parametrize("stream", [False, True])
def test_a_second_label_comes_with_the_tokens(stream):
    samples = tokenized(ROWS, stream=stream)
    assert isinstance(samples, Stream) == stream
    samples = [samples[n] for n in range(90)] if not stream else list(samples)
    assert [float(each["stars"]) for each in samples] == [n / 2 for n in range(90)]
    assert samples[3]["stars"].dtype == torch.float32
    assert [int(each["labels"]) for each in samples] == [n % 3 for n in range(90)]


@pytest.mark.parametrize(
    "sample",
    [
        {"text": "a", "target": "b", "box": [1, 2]},
        {"tokens": ["a", "b"], "labels": [0, 1], "box": torch.tensor([1, 2])},
    ],
)
def test_numbers_of_any_shape_come_with_any_texts_but_plain_ones(sample):
    first = tokenized([sample, sample])[0]
    assert first["box"].tolist() == [1, 2]
    assert "input_ids" in first


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("four", "'stars' is 'four', not a number: beside texts"),
        (None, "'stars' is None, not a number"),
        ([1.0, 2.0], r"of shape \(2,\), but \(\) in the first row"),
    ],
)
def test_what_is_no_such_number_is_named_with_its_row(value, reason):
    with pytest.raises(BadRowError, match=f"row 91 .*{reason}"):
        tokenized([*ROWS, {**ROWS[0], "stars": value}])


def test_a_fraction_among_whole_numbers_is_not_cut_off():
    rows = [{"text": "a", "label": 0, "stars": stars} for stars in (1, 2, 2.5)]
    with pytest.raises(BadRowError, match=r"row 3 .*2.5, but a whole number in"):
        tokenized(rows)


@pytest.mark.parametrize(
    ("row", "remedy"),
    [
        ({"text": "a", "label": 0, "id": "doc-1"}, "; leave it out of the samples"),
        ({"text": "a", "id": ["doc-1", "b"]}, "; leave it out of the samples"),
        ({"text": "a", "label": 0, "id": {"n": 1}}, "; leave it out of the samples"),
        ({"images": torch.ones(2), "id": "doc-1"}, "; leave it out of the samples"),
        ({"id": "doc-1", "label": 0}, "; name it text to have it tokenized, or leave"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_neither_text_nor_number_is_refused_at_once(row, remedy, stream):
    with pytest.raises(DataError) as caught:
        tokenized([row] * 2, stream=stream)
    message = str(caught.value)
    assert message.startswith("dataset 'numbered': 'id' of its samples is ")
    assert remedy in message
    assert not isinstance(caught.value, BadRowError)  # which might be left out


@pytest.mark.parametrize("stream", [False, True])
def test_texts_may_come_with_numbers_alone(stream):
    """Such as captions of images, which need no label."""
    rows = [{"text": f"t {n}", "images": torch.full((1, 2, 2), n)} for n in range(90)]
    samples = tokenized(rows, stream=stream)
    samples = [samples[n] for n in range(90)] if not stream else list(samples)
    assert sorted(samples[0]) == ["attention_mask", "images", "input_ids"]
    assert [int(each["images"].sum()) for each in samples] == [4 * n for n in range(90)]


@pytest.mark.parametrize("rows", [ROWS, [{"text": "a", "stars": 1.0}] * 3])
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_predicted_from_has_the_numbers_too(rows, stream):
    preprocessing, texts = preprocessed(rows, stream=stream)
    if not stream:
        texts = Stream([StreamSource(texts)])
    inputs = list(preprocessing.apply_to_inputs(texts))
    assert [float(each["stars"]) for each in inputs] == [row["stars"] for row in rows]


def test_text_that_is_not_tokenized_says_which_fields_are():
    with pytest.raises(DataError, match="'text' is 'a', not numeric; texts are"):
        PaddingCollator()([{"text": "a", "labels": 0}])


@pytest.mark.parametrize("label", [2.5, None])
def test_a_label_that_is_no_class_is_no_number_beside_a_text(label):
    rows = [{"text": "a", "label": label}] * 2
    assert sorted(tokenized(rows)[0]) == ["label", "text"]
