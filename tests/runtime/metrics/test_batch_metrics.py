"""Metrics that see each batch, against figures worked out by hand."""

import math
import tracemalloc

import numpy as np
import pytest
import torch
from torch import nn

from oumi_runtime.builders import build_metrics_function
from oumi_runtime.builders.tokenizing.own_tokenizers import (
    bytes_tokenizer,
    train_wordpiece,
)
from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.datasets import ColumnDataset, RaggedColumn
from oumi_runtime.core.trainers import array_store, evaluation
from oumi_runtime.core.trainers.batches.map_batches import EvalBatches
from oumi_runtime.core.trainers.evaluation import EvalPrediction, evaluate_model
from oumi_runtime.exceptions import DataError, MissingOutputError
from oumi_runtime.metrics import (
    Classification,
    LanguageModeling,
    Retrieval,
    TextGeneration,
    retrieval,
)

TOKENIZER = bytes_tokenizer()
IDLE = nn.Identity()


def ids_of(text: str) -> list[int]:
    return TOKENIZER.encode(text).ids


def test_the_config_names_them_and_they_get_the_tokenizer():
    params = TrainingParams(metrics_function="language_modeling")
    metrics = build_metrics_function(params, TOKENIZER)
    assert isinstance(metrics, LanguageModeling)
    assert metrics.tokenizer is TOKENIZER


def test_equal_odds_of_256_bytes_are_eight_bits_a_byte():
    labels = torch.tensor([ids_of("abcd"), [*ids_of("xy"), 0, -100]])
    logits = torch.full((2, 4, 258), -50.0)
    logits[:, :, 2:] = 0
    logits[1, 1] = 0  # that of the token 0, which is not a byte
    metrics = LanguageModeling(TOKENIZER)
    kept = [metrics.measure(IDLE, {"labels": labels}, {"logits": logits})]
    nats = 4 * math.log(256) + math.log(258)
    assert metrics.compute(kept) == pytest.approx(
        {"perplexity": math.exp(nats / 5), "bits_per_byte": nats / math.log(2) / 4}
    )


def test_a_token_of_hardly_any_chance_is_counted_for_what_it_is():
    logits = torch.zeros(1, 2, 2)
    logits[0, 0, 1] = -200
    metrics = LanguageModeling(None)
    kept = [
        metrics.measure(IDLE, {"labels": torch.ones(1, 2).long()}, {"logits": logits})
    ]
    assert metrics.compute(kept)["perplexity"] == pytest.approx(math.exp(200))


def test_the_bytes_of_longer_tokens_are_counted():
    tokenizer = train_wordpiece(["ab cab"] * 9, 32)
    labels = torch.tensor([tokenizer.encode("ab cab").ids])
    logits = torch.zeros(1, labels.shape[1], 32)
    metrics = LanguageModeling(tokenizer)
    kept = [metrics.measure(IDLE, {"labels": labels}, {"logits": logits})]
    num_tokens = labels.shape[1] - 1
    last = tokenizer.decode(labels[0, 1:].tolist())
    expected = num_tokens * math.log2(32) / len(last)
    assert metrics.compute(kept)["bits_per_byte"] == pytest.approx(expected)


def test_a_batch_without_labels_counts_for_nothing_and_none_at_all_is_refused():
    batch = {"labels": torch.full((1, 3), -100)}
    metrics = LanguageModeling(TOKENIZER)
    kept = [metrics.measure(IDLE, batch, {"logits": torch.zeros(1, 3, 258)})]
    with pytest.raises(DataError, match="needs token ids as labels"):
        metrics.compute(kept)


def test_labels_of_another_shape_than_the_classes_are_refused():
    sentence = r"labels of shape \(4, 1\), and the logits of \(4, 3\) need \(4,\)"
    batch = {"labels": torch.zeros(4, 1).long()}
    with pytest.raises(DataError, match=sentence):
        Classification().measure(IDLE, batch, {"logits": torch.zeros(4, 3)})


@pytest.mark.parametrize("metrics", [LanguageModeling(), TextGeneration(TOKENIZER)])
def test_metrics_of_tokens_are_refused_where_each_sample_has_one_label(metrics):
    batch = {"input_ids": torch.ones(2, 3).long(), "labels": torch.ones(2).long()}
    sentence = "needs a label for each token.*not labels of shape \\(2,\\)"
    with pytest.raises(DataError, match=sentence):
        metrics.measure(IDLE, batch, {"logits": torch.zeros(2, 3)})


class Speller(nn.Module):
    """Writes what it is told to, and then token 0."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__()
        self.rows = [[*ids_of(text), *[0] * 9] for text in texts]

    def forward(self, input_ids, decoder_input_ids):
        length = decoder_input_ids.shape[1]
        rows = torch.tensor([self.rows[int(row)][:length] for row in input_ids[:, 0]])
        return {"logits": nn.functional.one_hot(rows, 258).float()}


def test_what_the_model_writes_is_held_against_the_targets():
    model = Speller(["cat", "dot", ""])
    targets = ["cat", "dog", "x"]
    labels = torch.full((3, 4), -100)
    for row, target in enumerate(targets):
        ids = torch.tensor([*ids_of(target), 0])
        labels[row, : len(ids)] = ids
    batch = {"input_ids": torch.arange(3).unsqueeze(1), "labels": labels}
    metrics = TextGeneration(TOKENIZER)
    written = metrics.measure(model, batch, {})
    assert written == [("cat", "cat"), ("dot", "dog"), ("", "x")]
    found = metrics.compute([written])
    assert found["exact_match"] == pytest.approx(1 / 3)
    assert 0.3 < found["chrf"] < 0.9
    same = metrics.compute([[("as it should be", "as it should be")]])
    assert same == pytest.approx({"exact_match": 1, "chrf": 1})


def test_written_text_needs_a_tokenizer():
    batch = {"input_ids": torch.zeros(1, 1).long(), "labels": torch.ones(1, 2).long()}
    with pytest.raises(DataError, match=r"set model\.tokenizer_name"):
        TextGeneration().measure(Speller(["a"]), batch, {})


def test_a_text_finds_its_own_target_among_those_of_all_batches():
    targets = torch.eye(20)
    texts = targets.clone()
    texts[0] = targets[0] * 0.5 + targets[1]  # second best
    texts[1] = -targets[1]  # last
    metrics = Retrieval()
    kept = [
        metrics.measure(IDLE, {}, {"embeddings": one, "target_embeddings": other})
        for one, other in zip(texts.split(8), targets.split(8), strict=True)
    ]
    found = metrics.compute(kept)
    assert found == pytest.approx({"recall@1": 18 / 20, "recall@10": 19 / 20})


def test_only_some_similarities_are_in_memory_at_a_time(monkeypatch):
    monkeypatch.setattr(retrieval, "_SIMILARITIES_AT_ONCE", 64)
    sizes: list[int] = []
    topk = torch.Tensor.topk

    def counted(self, *args):
        sizes.append(self.numel())
        return topk(self, *args)

    monkeypatch.setattr(torch.Tensor, "topk", counted)
    texts = torch.eye(30)[[*range(1, 30), 0]]  # Each finds another's target.
    texts[3] = torch.eye(30)[3]
    found = Retrieval().compute([(texts.numpy(), np.eye(30, dtype=np.float32))])
    assert found["recall@1"] == pytest.approx(1 / 30)
    assert max(sizes) <= 64
    assert sum(sizes) == 30 * 30


def test_a_token_that_the_tokenizer_does_not_know_has_no_bytes():
    labels = torch.tensor([[*ids_of("abc"), 300]])
    metrics = LanguageModeling(TOKENIZER)
    logits = {"logits": torch.zeros(1, 4, 301)}
    _, num_tokens, num_bytes = metrics.measure(IDLE, {"labels": labels}, logits)
    assert (num_tokens, num_bytes) == (3, 2)


class Tagger(nn.Module):
    """Gives every token the logits of its id."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.eye(3))

    def forward(self, input_ids, attention_mask, labels):
        logits = self.weight[input_ids]
        return {"logits": logits, "loss": logits.mean()}


class Reconstructing(nn.Module):
    """Returns no logits."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))

    def forward(self, features, labels):
        image = features * self.weight
        return {"image": image, "loss": image.mean()}


@pytest.mark.parametrize("metrics", [Classification(), lambda prediction: {}])
def test_an_output_that_the_model_does_not_return_is_named(metrics):
    columns = {"features": torch.ones(3, 2), "labels": torch.zeros(3).long()}
    batches = EvalBatches(
        ColumnDataset(columns), batch_size=3, device=torch.device("cpu")
    )
    with pytest.raises(MissingOutputError, match=r"'logits' .* which are image, loss"):
        evaluate_model(Reconstructing(), batches, metrics)


class Rating(nn.Module):
    """Calls its target a score."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))

    def forward(self, features, score):
        logits = features * self.weight
        return {"logits": logits, "loss": logits.mean()}


@pytest.mark.parametrize("metrics", [Classification(), lambda prediction: {}])
def test_labels_that_the_data_does_not_have_are_named(metrics):
    columns = {"features": torch.ones(3, 2), "score": torch.zeros(3)}
    batches = EvalBatches(
        ColumnDataset(columns), batch_size=3, device=torch.device("cpu")
    )
    with pytest.raises(DataError, match=r"'labels' in the data.* features, score"):
        evaluate_model(Rating(), batches, metrics)


def test_a_function_gets_samples_of_different_lengths_filled_up():
    lengths = torch.tensor([1, 2, 3])
    values = torch.tensor([0, 1, 1, 2, 2, 2])
    columns = {
        "input_ids": RaggedColumn(values, lengths),
        "labels": RaggedColumn(values, lengths, pad_value=-100),
    }
    seen: list[EvalPrediction] = []

    def metrics_function(prediction: EvalPrediction) -> dict[str, float]:
        seen.append(prediction)
        return {"count": float(len(prediction.label_ids))}

    batches = EvalBatches(
        ColumnDataset(columns), batch_size=1, device=torch.device("cpu")
    )
    assert evaluate_model(Tagger(), batches, metrics_function)["count"] == 3
    assert seen[0].predictions.shape == (3, 3, 3)
    assert seen[0].label_ids.tolist() == [[0, -100, -100], [1, 1, -100], [2, 2, 2]]


def evaluated_by_a_function(classes: int) -> int:
    """What NumPy's arrays take while a function measures 4,000 samples, in bytes."""
    columns = {"x": torch.ones(4000, 1), "labels": torch.zeros(4000).long()}
    batches = EvalBatches(
        ColumnDataset(columns), batch_size=100, device=torch.device("cpu")
    )

    def measure(prediction: EvalPrediction) -> dict[str, float]:
        return {"bytes": tracemalloc.get_traced_memory()[0]}

    tracemalloc.start()
    try:
        return int(evaluate_model(Classifier(classes), batches, measure)["bytes"])
    finally:
        tracemalloc.stop()


class Classifier(nn.Module):
    """Gives every sample the same logits."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1, classes))

    def forward(self, x, labels):
        logits = x @ self.weight
        return {"logits": logits, "loss": logits.mean()}


def test_the_logits_for_a_function_are_in_memory_once(monkeypatch):
    monkeypatch.setattr(array_store, "_BUFFER_BYTES", 2**17)
    size = 4000 * 250 * 4
    assert size < evaluated_by_a_function(250) < 1.4 * size


def test_it_is_told_once_that_a_function_keeps_many_logits(monkeypatch, caplog):
    monkeypatch.setattr(evaluation, "_MANY_BYTES", 500_000)
    evaluated_by_a_function(10)
    assert not caplog.messages
    evaluated_by_a_function(250)
    (message,) = caplog.messages
    assert "register a class derived from BatchMetrics" in message
