"""From texts and class names to numbers, and the same again after loading."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch import nn

from oumi_runtime.builders import Preprocessing, build_tokenizer, fit_preprocessing
from oumi_runtime.builders.preprocessing import fitting
from oumi_runtime.core.configs import ModelParams
from oumi_runtime.core.datasets import ColumnDataset, TextDataset
from oumi_runtime.exceptions import DataError

TEXTS = ["the cat sat", "a dog", "", "the dog sat on the cat"]
MODEL = nn.Sequential(nn.Embedding(60, 4))


def fit(labels, label_names=None, **params) -> Preprocessing:
    dataset = TextDataset(TEXTS, labels, label_names=label_names)
    return fit_preprocessing(dataset, ModelParams(**params), MODEL)


def labels_of(preprocessing: Preprocessing, labels) -> list[int]:
    dataset = preprocessing.apply(TextDataset(["the cat"] * len(labels), labels))
    return dataset.columns["labels"].tolist()


def test_texts_become_token_ids_of_the_models_vocabulary():
    preprocessing = fit([0, 1, 1, 0])
    dataset = preprocessing.apply(TextDataset(TEXTS, [0, 1, 1, 0]))
    batch = dataset.take(torch.arange(4))
    assert batch["labels"].tolist() == [0, 1, 1, 0]
    assert batch["labels"].dtype == batch["input_ids"].dtype == torch.int64
    assert batch["input_ids"].max() < 60
    for text, ids, mask in zip(
        TEXTS, batch["input_ids"], batch["attention_mask"], strict=True
    ):
        assert preprocessing.tokenizer.decode(ids[mask > 0].tolist()) == text


def test_texts_that_are_all_empty_are_rows_of_padding():
    dataset = fit([0, 1, 1, 0]).apply(TextDataset(["", ""], [0, 1]))
    batch = dataset.take(torch.arange(2))
    assert batch["input_ids"].tolist() == [[0], [0]]
    assert not batch["attention_mask"].any()


@pytest.mark.parametrize("length", [1, 3])
def test_texts_are_cut_to_the_longest_length(length):
    preprocessing = fit([0, 1, 1, 0], model_max_length=length)
    dataset = preprocessing.apply(TextDataset(TEXTS, [0, 1, 1, 0]))
    assert dataset.take(torch.arange(4))["input_ids"].shape == (4, length)


def test_class_names_have_the_order_of_the_alphabet():
    preprocessing = fit(["pos", "neg", "neu", "pos"])
    assert preprocessing.label_names == ["neg", "neu", "pos"]
    assert labels_of(preprocessing, ["pos", "neg"]) == [2, 0]


def test_class_numbers_stay_as_they_are():
    preprocessing = fit([0, 3, -1, 3])
    assert preprocessing.label_names is None
    assert labels_of(preprocessing, [3, -1, 7]) == [3, -1, 7]


def test_names_that_look_like_numbers_in_another_split_are_names():
    preprocessing = fit(["10", "x", "2", "x"])
    assert preprocessing.label_names == ["10", "2", "x"]
    assert labels_of(preprocessing, [2, 10]) == [1, 0]


def test_a_dataset_that_knows_its_classes_keeps_their_order():
    preprocessing = fit([0, 1, 1, 0], label_names=["z", "a"])
    assert preprocessing.label_names == ["z", "a"]
    known = TextDataset(["the"], [1], label_names=["z", "a"])
    assert preprocessing.apply(known).columns["labels"].tolist() == [1]


def test_a_class_that_the_training_split_lacks_is_named_with_its_row():
    preprocessing = fit(["pos", "neg", "neg", "pos"])
    with pytest.raises(DataError, match=r"row 2: the label 'po' \(did you mean 'pos'"):
        labels_of(preprocessing, ["pos", "po"])


@pytest.mark.parametrize("labels", [["ü", "neg", "日本", "ü"], [0, 1, 1, 0]])
def test_what_was_saved_does_the_same(tmp_path, labels):
    fitted = fit(labels, model_max_length=3)
    fitted.save(tmp_path / "run")
    loaded = Preprocessing.load(tmp_path / "run", ModelParams(model_max_length=3))
    data = TextDataset(TEXTS, labels)
    for one, other in zip(
        fitted.apply(data).take(torch.arange(4)).items(),
        loaded.apply(data).take(torch.arange(4)).items(),
        strict=True,
    ):
        assert one[0] == other[0]
        assert one[1].equal(other[1])
    assert loaded.label_names == fitted.label_names


def test_saving_removes_what_an_earlier_run_had(tmp_path):
    fit(["a", "b", "a", "b"]).save(tmp_path)
    fit([0, 1, 1, 0]).save(tmp_path)
    assert not (tmp_path / "labels.json").exists()
    Preprocessing(None, None).save(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "text"),
    [("labels.json", "["), ("labels.json", "{}"), ("tokenizer.json", "{}")],
)
def test_a_damaged_file_is_named(tmp_path, name, text):
    fit(["a", "b", "a", "b"]).save(tmp_path)
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=name):
        Preprocessing.load(tmp_path, ModelParams())


def test_other_datasets_pass_as_they_are():
    images = ColumnDataset({"images": torch.rand(3, 1, 2, 2)}, label_names=["a"])
    preprocessing = fit_preprocessing(images, ModelParams(), MODEL)
    assert preprocessing.apply(images) is images
    assert preprocessing.tokenizer is None
    assert preprocessing.label_names == ["a"]


def test_texts_without_a_tokenizer_are_refused():
    with pytest.raises(DataError, match=r"set model\.tokenizer_name"):
        Preprocessing(None, None).apply(TextDataset(["a"], [0]))


def test_what_pads_is_kept_beside_the_model(tmp_path):
    fitted = replace(fit([0, 1, 1, 0]), pad_token_id=5)
    fitted.save(tmp_path)
    loaded = Preprocessing.load(tmp_path, ModelParams())
    assert loaded.pad_token_id == 5
    batch = loaded.apply(TextDataset(["the cat", ""], [0, 1])).take(torch.arange(2))
    assert set(batch["input_ids"][1].tolist()) == {5}
    assert not batch["attention_mask"][1].any()


@pytest.mark.parametrize(("count", "seen"), [(3, 3), (10, 10), (11, 6), (95, 10)])
def test_a_vocabulary_is_trained_on_texts_from_all_over_the_split(
    monkeypatch, count: int, seen: int
) -> None:
    monkeypatch.setattr(fitting, "VOCABULARY_TEXTS", 10)
    trained_on: list[str] = []

    def build(params: ModelParams, texts: list[str], vocab_size: int | None):
        trained_on.extend(texts)
        return build_tokenizer(params, texts=texts, vocab_size=vocab_size), 0

    monkeypatch.setattr(fitting, "build_padded_tokenizer", build)
    texts = [f"text {number}" for number in range(count)]
    fit_preprocessing(TextDataset(texts, [0] * count), ModelParams(), MODEL)
    places = [texts.index(text) for text in trained_on]
    assert len(places) == seen
    assert places[0] == 0
    assert places[-1] >= 0.9 * (count - 1)
    assert len({after - before for before, after in pairwise(places)}) == 1
