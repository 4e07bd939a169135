"""Texts of users' own datasets: tokenized like those of the built-in ones."""

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
import torch

from oumi_runtime.builders import build_dataset_mixture, fit_preprocessing
from oumi_runtime.builders.data.bad_samples import build_bad_samples
from oumi_runtime.core.configs import (
    DataParams,
    DatasetParams,
    DatasetSplit,
    DatasetSplitParams,
    ModelParams,
)
from oumi_runtime.core.datasets import (
    BaseIterableDataset,
    BaseMapDataset,
    ColumnDataset,
    PlainTexts,
    Stream,
    TaggedTexts,
    TextColumns,
    TextDataset,
    TextPairs,
)
from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.exceptions import BadRowError
from oumi_runtime.models import MLPEncoder

LABELLED = [{"text": f"text {n}", "label": n % 3} for n in range(130)]


class Rows(BaseMapDataset):
    """Rows that are samples already."""

    label_names: ClassVar = ["a", "b", "c"]

    def __init__(self, rows: list[Any], **kwargs: Any) -> None:
        super().__init__(dataset_name="rows", **kwargs)
        self._data = rows

    def transform(self, sample: Any) -> dict[str, Any]:
        if sample is None:
            raise ValueError("no sample")
        return dict(sample)


class Lines(BaseIterableDataset):
    """The same, one after the other; it counts those that are transformed."""

    label_names: ClassVar = ["a", "b", "c"]
    number_made = 0

    def __init__(self, rows: list[Any], **kwargs: Any) -> None:
        super().__init__(dataset_name="lines", **kwargs)
        self._rows = rows

    def iter_raw(self) -> Iterator[Any]:
        yield from self._rows

    def transform(self, sample: Any) -> dict[str, Any]:
        self.number_made += 1
        return dict(sample)


def read(dataset: Any, *, on_bad_sample: str = "raise", **fields: Any) -> Any:
    REGISTRY.register("own", RegistryType.DATASET, lambda: dataset)
    datasets = [DatasetParams(dataset_name="own")]
    data = DataParams(
        train=DatasetSplitParams(datasets=datasets, **fields),
        on_bad_sample=on_bad_sample,
    )
    bad_samples = build_bad_samples(data)
    return build_dataset_mixture(data, DatasetSplit.TRAIN, bad_samples=bad_samples)


@pytest.mark.parametrize("make", [Rows, Lines])
def test_texts_of_either_kind_are_read_once(make: Any):
    texts = read(make(LABELLED))
    assert isinstance(texts, TextDataset)
    assert texts.texts == [row["text"] for row in LABELLED]
    assert texts.labels == [row["label"] for row in LABELLED]
    assert texts.label_names == ["a", "b", "c"]


@pytest.mark.parametrize("make", [Rows, Lines])
def test_texts_of_either_kind_are_streamed_and_tokenized(make: Any):
    stream = read(make(LABELLED), stream=True)
    assert isinstance(stream, Stream)
    params = ModelParams(model_name="MLPEncoder")
    model = MLPEncoder(input_dim=80, output_dim=3)
    preprocessing = fit_preprocessing(stream, params, model)
    samples = list(preprocessing.apply(stream))
    whole = preprocessing.apply(read(make(LABELLED)))
    assert isinstance(whole, ColumnDataset)
    assert [int(sample["labels"]) for sample in samples] == [n % 3 for n in range(130)]
    assert samples[77]["input_ids"].equal(whole[77]["input_ids"])
    assert preprocessing.label_names == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("sample", "kind"),
    [
        ({"text": "a b", "label": "yes"}, TextDataset),
        ({"tokens": ["a", "b"], "labels": [0, 1]}, TaggedTexts),
        ({"text": "a", "target": "b"}, TextPairs),
        ({"text": "a"}, PlainTexts),
    ],
)
def test_fields_tell_the_kind_of_text(sample: dict[str, Any], kind: type[TextColumns]):
    texts = read(Rows([sample, sample]))
    assert type(texts) is kind
    assert [texts[0], texts[1]] == [sample, sample]


@pytest.mark.parametrize(
    "sample",
    [
        {"input_ids": torch.tensor([1, 2]), "labels": torch.tensor(1)},
        {"text": torch.tensor([1]), "label": torch.tensor(1)},
        {"text": "a", "input_ids": torch.tensor([1]), "weight": 2.0},
        {"text": "a", "label": 1, "labels": torch.tensor(1)},
    ],
)
def test_other_samples_stay_as_they_are(sample: dict[str, Any]):
    rows = Rows([sample])
    assert read(rows) is rows


def test_a_collator_gets_the_texts_themselves():
    rows = Rows(LABELLED)
    assert read(rows, collator_name="text_with_padding") is rows


def test_labels_may_be_numbers_of_any_library():
    rows = [{"text": "a", "label": torch.tensor(2)}, {"text": "b", "label": True}]
    labels = read(Rows(rows)).labels
    assert labels == [2, 1]
    assert [type(label) for label in labels] == [int, int]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"text": "a", "label": 0.5}, "'label' is 0.5, neither an integer nor a class"),
        ({"text": None, "label": 1}, "'text' is None, not text"),
        ({"text": "a"}, "has text where others have text and label"),
        (None, "ValueError: no sample"),
    ],
)
def test_a_bad_row_is_named_or_left_out(row: Any, reason: str):
    rows = Rows([*LABELLED[:69], row, *LABELLED[69:]])
    with pytest.raises(BadRowError, match=f"row 70 of dataset 'rows': {reason}"):
        read(rows)
    assert len(read(rows, on_bad_sample="skip")) == 130


def test_the_first_row_may_be_left_out():
    texts = read(Rows([None, *LABELLED]), on_bad_sample="skip")
    assert texts.texts[0] == "text 0"


def test_a_stream_makes_no_samples_of_the_rows_before_its_start():
    lines = Lines(LABELLED)
    stream = read(lines, stream=True)
    lines.number_made = 0
    (block,) = stream.blocks(0, start=120)
    assert block.data.texts == [row["text"] for row in LABELLED[120:]]
    assert lines.number_made == 10


def test_looking_at_the_first_sample_draws_no_random_number():
    class Random(Rows):
        def transform(self, sample: Any) -> dict[str, Any]:
            return {"labels": torch.rand(1)}

    before = torch.get_rng_state()
    read(Random([1, 2]))
    assert torch.get_rng_state().equal(before)
