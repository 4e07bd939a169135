"""Predictions of a saved model: they are what evaluation measures, whatever is read."""

from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from saved_examples import ROWS, read_rows, saved
from torchmetrics.functional.text import chrf_score

from oumi_runtime.core.models.sampling import Sampling
from oumi_runtime.datasets import Digits
from oumi_runtime.evaluate import evaluate
from oumi_runtime.exceptions import DataError, SavedModelError
from oumi_runtime.infer import Predictor, infer

TASKS = [*ROWS, "image_classification"]


def share(pairs: list[tuple[Any, Any]]) -> float:
    return sum(one == other for one, other in pairs) / len(pairs)


@pytest.mark.parametrize("task", ["text_classification", "tabular_classification"])
def test_the_accuracy_of_predicted_classes_is_that_of_evaluate(
    task: str, tmp_path: Path
):
    config = saved(task, tmp_path)
    labels = [row["label"] for row in read_rows(tmp_path / "test.jsonl")]
    found = list(infer(config))
    assert len(found) == 20
    accuracy = share(list(zip([p["label"] for p in found], labels, strict=True)))
    assert accuracy == pytest.approx(evaluate(config).metrics["accuracy"])
    for prediction in found:
        probabilities = prediction["probabilities"]
        assert list(probabilities) == ["circle", "line", "square"]
        assert sum(probabilities.values()) == pytest.approx(1)
        assert max(probabilities, key=probabilities.get) == prediction["label"]


def test_the_accuracy_of_predicted_images_is_that_of_evaluate(tmp_path: Path):
    config = saved("image_classification", tmp_path)
    digits = Digits("test")
    labels = [digits.label_names[n] for n in digits.columns["labels"].tolist()]
    pairs = list(zip([p["label"] for p in infer(config)], labels, strict=True))
    assert share(pairs) == pytest.approx(evaluate(config).metrics["accuracy"])


def test_the_accuracy_of_predicted_tokens_is_that_of_evaluate(tmp_path: Path):
    config = saved("token_classification", tmp_path)
    rows = read_rows(tmp_path / "test.jsonl")
    found = list(infer(config))
    pairs = [
        pair
        for row, prediction in zip(rows, found, strict=True)
        for pair in zip(prediction["labels"], row["labels"], strict=True)
    ]
    assert share(pairs) == pytest.approx(evaluate(config).metrics["accuracy"])


def test_tokens_that_the_model_does_not_see_have_no_label(tmp_path: Path):
    config = saved("token_classification", tmp_path)
    config.model.model_max_length = 3
    (prediction,) = infer(config, ["the the the the the"])
    assert prediction["labels"][3:] == [None, None]
    assert None not in prediction["labels"][:3]


def test_values_are_in_the_unit_of_the_labels(tmp_path: Path):
    config = saved("tabular_regression", tmp_path)
    amounts = [row["label"] for row in read_rows(tmp_path / "test.jsonl")]
    values = [prediction["value"] for prediction in infer(config)]
    errors = [abs(a - b) for a, b in zip(amounts, values, strict=True)]
    assert min(values) > 90
    assert sum(errors) / 20 == pytest.approx(evaluate(config).metrics["mae"], rel=1e-5)


def test_written_texts_are_those_that_evaluate_measures(tmp_path: Path):
    config = saved("seq2seq", tmp_path)
    targets = [row["target"] for row in read_rows(tmp_path / "test.jsonl")]
    # As many as the longest target has in its batch, which is all of the data.
    found = [p["text"] for p in infer(config, max_new_tokens=10)]
    assert len(set(found)) > 1
    score = chrf_score(found, [[t] for t in targets], n_word_order=0)
    assert float(score) == pytest.approx(evaluate(config).metrics["chrf"])


def test_embeddings_are_those_that_the_model_returns(tmp_path: Path):
    config = saved("embedding", tmp_path)
    predictor = Predictor.load(config)
    (prediction,) = predictor.predict(["quick brown"])
    tokenizer = predictor.preprocessing.tokenizer
    ids = torch.tensor([tokenizer.encode("quick brown").ids])
    (row,) = predictor.model(ids)["embeddings"].tolist()
    assert prediction["embedding"] == pytest.approx(row)


def test_each_token_of_a_continuation_is_the_likeliest_one(tmp_path: Path):
    config = saved("causal_lm", tmp_path)
    predictor = Predictor.load(config)
    tokenizer = predictor.preprocessing.tokenizer
    (prediction,) = predictor.predict(["the fox"], max_new_tokens=5)
    ids = tokenizer.encode("the fox").ids
    for _ in range(5):
        logits = predictor.model(torch.tensor([ids]))["logits"]
        ids.append(int(logits[0, -1].argmax()))
    assert prediction == {"continuation": tokenizer.decode(ids[7:])}


@pytest.mark.parametrize("task", ["causal_lm", "seq2seq"])
def test_drawn_texts_depend_on_the_seed_and_not_on_the_batch(task: str, tmp_path: Path):
    predictor = Predictor.load(saved(task, tmp_path))
    hot = Sampling(temperature=2.0, seed=1)

    def texts(sampling: Sampling | None, batch_size: int) -> list[dict[str, Any]]:
        options = {"batch_size": batch_size, "max_new_tokens": 6}
        return list(predictor.predict(["a b"] * 5, sampling=sampling, **options))

    drawn = texts(hot, 5)
    assert texts(hot, 2) == drawn
    assert len({*map(str, drawn)}) > 1
    assert texts(Sampling(temperature=2.0, seed=2), 5) != drawn
    assert texts(Sampling(temperature=1e-6), 5) == texts(None, 5)


def test_drawing_is_refused_where_no_text_is_written(tmp_path: Path):
    predictor = Predictor.load(saved("text_classification", tmp_path))
    with pytest.raises(DataError, match="writes no texts whose tokens could be drawn"):
        predictor.predict(["a b"], sampling=Sampling())


@pytest.mark.parametrize("task", TASKS)
def test_predictions_do_not_depend_on_the_batch(task: str, tmp_path: Path):
    config = saved(task, tmp_path)
    predictor = Predictor.load(config)
    together, alone = (
        list(predictor.predict(batch_size=size, max_new_tokens=6)) for size in (64, 1)
    )
    assert len(together) in (20, 180)
    for one, other in zip(together, alone, strict=True):
        assert one.keys() == other.keys()
        for name in one:
            if name in ("probabilities", "embedding", "value"):
                assert one[name] == pytest.approx(other[name], rel=1e-5, abs=1e-5)
            else:
                assert one[name] == other[name]


def test_the_model_is_not_given_the_labels_of_a_split(tmp_path: Path):
    predictor = Predictor.load(saved("tabular_regression", tmp_path))
    seen: list[set[str]] = []
    predictor.model.register_forward_pre_hook(
        lambda model, args, kwargs: seen.append({*kwargs}), with_kwargs=True
    )
    assert len(list(predictor.predict(batch_size=10))) == 20
    assert seen == [{"features"}] * 2


def test_predictions_are_made_as_they_are_asked_for(tmp_path: Path):
    config = saved("text_classification", tmp_path)
    read: list[int] = []

    def texts():
        for number in range(100_000):
            read.append(number)
            yield f"text {number}"

    predictions = infer(config, texts(), batch_size=4)
    assert "label" in next(predictions)
    assert len(read) < 10_000


def test_workers_of_the_config_are_not_asked_to_read_what_is_handed_over(
    tmp_path: Path,
):
    config = saved("text_classification", tmp_path, dataloader_num_workers=2)
    predictions = infer(config, (text for text in ["a", "b"]), batch_size=1)
    assert "label" in next(predictions)
    assert psutil.Process().children() == []
    assert len(list(predictions)) == 1


def test_without_a_trained_model_it_says_to_train_first(tmp_path: Path):
    config = saved("text_classification", tmp_path)
    config.training.output_dir = str(tmp_path / "none")
    with pytest.raises(SavedModelError, match="none has no trained model; train it"):
        infer(config)
