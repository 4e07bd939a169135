"""Predictions of plain modules, which have labels and losses of their own."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from own_projects import AS_THEY_ARE, OF_TWO_LABELS, TWO_LABELS, method, trained

from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.exceptions import ModelForwardError
from oumi_runtime.infer import Predictor, infer

TEXT_ROW = """
def row(n):
    text = " ".join(WORDS[(n + i) % 9] for i in range(4))
    return {"text": text, "label": n % 2, "stars": n / 10}


"""
TEXT_NET = """
@register("OwnNet", RegistryType.MODEL)
class OwnNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.layer = nn.Embedding(400, 8), nn.Linear(8, 3)
"""
TWO_TASKS = TEXT_NET + method(
    """
    def forward(self, input_ids, attention_mask=None, labels=None, stars=None):
        x = self.layer(self.embedding(input_ids).mean(1))
        logits, loss = x[:, :2], None
        if labels is not None:
            loss = F.cross_entropy(logits, labels)
        if stars is not None:
            loss = loss + F.mse_loss(x[:, 2], stars)
        return {"logits": logits} if loss is None else {"logits": logits, "loss": loss}
    """
)
ALWAYS_A_LOSS = TEXT_NET + method(
    """
    def forward(self, input_ids, attention_mask=None, labels=None, stars=None):
        logits = self.layer(self.embedding(input_ids).mean(1))
        return {"logits": logits, "loss": F.cross_entropy(logits, labels)}
    """
)


@pytest.fixture(autouse=True)
def _own_registry() -> Iterator[None]:
    with REGISTRY.isolated():
        yield


def test_labels_of_a_second_task_are_left_out_with_those_of_the_first(tmp_path: Path):
    config = trained(tmp_path, TEXT_ROW, AS_THEY_ARE, TWO_TASKS)
    found = list(infer(config))
    assert len(found) == 40
    assert {*found[0]["probabilities"]} == {"even", "odd"}
    (alone,) = infer(config, ["the quick brown fox"])
    assert alone["label"] == found[0]["label"]


def test_numbers_of_a_second_task_are_predicted_by_name(tmp_path: Path):
    net = TWO_TASKS.replace(
        'return {"logits": logits} if',
        'found = {"logits": logits, "rating": x[:, 2]}\n'
        "        found |= {'losses': x[:, 0] * 0, 'scale': x.new_ones(1)}\n"
        "        return found if",
    ).replace('else {"logits": logits,', "else {**found,")
    config = trained(tmp_path, TEXT_ROW, AS_THEY_ARE, net)
    predictor = Predictor.load(config)
    found = list(predictor.predict())
    assert [*found[0]] == ["label", "probabilities", "rating"]
    assert len({each["rating"] for each in found}) > 3
    (one,) = predictor.predict(["the quick brown fox"])
    ids = predictor.preprocessing.tokenizer.encode("the quick brown fox").ids
    expected = predictor.model(torch.tensor([ids]))["rating"].item()
    assert one["rating"] == pytest.approx(expected)


def test_labels_of_a_second_task_in_a_file_are_left_out(tmp_path: Path):
    net = TWO_TASKS.replace("logits, loss = x[:, :2], None", "logits = x[:, :2]")
    net = net.replace("loss is None", "stars is None and labels is None")
    config = trained(tmp_path, TEXT_ROW, AS_THEY_ARE, net)
    given = {"text": "the quick brown fox", "label": 1, "stars": 2.5}
    (tmp_path / "in.jsonl").write_text(json.dumps(given))
    usual = list(infer(config))[:1]
    assert list(infer(config, tmp_path / "in.jsonl")) == usual
    assert list(infer(config, [given])) == usual


def test_a_loss_that_is_computed_without_labels_is_told_in_one_line(tmp_path: Path):
    config = trained(tmp_path, TEXT_ROW, AS_THEY_ARE, ALWAYS_A_LOSS)
    for inputs in (None, ["the quick fox"]):
        with pytest.raises(ModelForwardError) as caught:
            list(infer(config, inputs))
        message = str(caught.value)
        assert "OwnNet.forward fails where 'labels' is None" in message
        assert "own.py:" in message
        assert "\n" not in message


def test_labels_that_apply_independently_are_listed(tmp_path: Path):
    net = OF_TWO_LABELS.replace("LOSS", "binary_cross_entropy_with_logits")
    config = trained(tmp_path, TWO_LABELS, AS_THEY_ARE, net)
    predictor = Predictor.load(config)
    rows = [{"features": [n / 10, n % 3, 0.5]} for n in range(9)]
    logits = predictor.model(torch.tensor([row["features"] for row in rows]))["logits"]
    expected = [[p > 0.5 for p in row] for row in logits.sigmoid().tolist()]
    names = ("even", "odd")
    for found, applies, row in zip(
        predictor.predict(rows), expected, logits.sigmoid().tolist(), strict=True
    ):
        assert found["labels"] == [n for n, a in zip(names, applies, strict=True) if a]
        assert [*found["probabilities"].values()] == pytest.approx(row)


def test_several_values_are_a_list(tmp_path: Path):
    config = trained(
        tmp_path, TWO_LABELS, AS_THEY_ARE, OF_TWO_LABELS.replace("LOSS", "mse_loss")
    )
    predictor = Predictor.load(config)
    (found,) = predictor.predict([{"features": [0.0, 0.0, 0.0]}])
    assert found == {"values": pytest.approx(predictor.model.layer.bias.tolist())}
