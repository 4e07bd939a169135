"""Accuracy and macro-F1, against figures worked out by hand."""

from typing import Any

import pytest
import torch
from torch import nn
from torchmetrics.functional.classification import multiclass_f1_score

from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.exceptions import DataError
from oumi_runtime.metrics import Classification

IDLE = nn.Identity()


def kept_of(logits: torch.Tensor, labels: torch.Tensor) -> Any:
    return Classification().measure(IDLE, {"labels": labels}, {"logits": logits})


def predict(predicted: list[int], labels: list[Any], classes: int) -> dict[str, float]:
    logits = torch.eye(classes)[predicted] * 3 - 1
    batches = [
        kept_of(*each)
        for each in zip(logits.split(2), torch.tensor(labels).split(2), strict=True)
    ]
    return Classification().compute(batches)


def test_the_figures_are_those_worked_out_by_hand():
    # Of class 0 two are found and one is false, of class 1 one is found and two are
    # missed, of class 2 one is found and one is false.
    metrics = predict([0, 0, 0, 1, 2, 2], [0, 0, 1, 1, 2, 1], classes=3)
    assert metrics["accuracy"] == pytest.approx(4 / 6)
    assert metrics["macro_f1"] == pytest.approx((4 / 5 + 2 / 4 + 2 / 3) / 3)


def test_always_saying_the_largest_class_scores_low_by_macro_f1():
    metrics = predict([0] * 10, [0] * 9 + [1], classes=2)
    assert metrics == pytest.approx({"accuracy": 0.9, "macro_f1": (18 / 19) / 2})


def test_classes_that_do_not_occur_do_not_count():
    metrics = predict([0, 1], [0, 1], classes=5)
    assert metrics == pytest.approx({"accuracy": 1.0, "macro_f1": 1.0})


@pytest.mark.parametrize("ignored", [-1, -100])
def test_samples_with_a_negative_label_are_left_out(ignored):
    metrics = predict([0, 1, 1, 0], [0, 1, ignored, ignored], classes=2)
    assert metrics == pytest.approx({"accuracy": 1.0, "macro_f1": 1.0})


def test_a_label_for_each_token_is_counted_alike():
    logits = torch.eye(3)[torch.tensor([[0, 1], [2, 2]])]
    labels = torch.tensor([[0, 1], [-100, 0]])
    metrics = Classification().compute([kept_of(logits, labels)])
    assert metrics["accuracy"] == pytest.approx(2 / 3)


def test_the_classes_of_pixels_may_come_before_their_places():
    torch.manual_seed(0)
    logits, labels = torch.randn(4, 3, 8, 6), torch.randint(3, (4, 8, 6))
    expected = kept_of(logits.movedim(1, -1), labels)
    assert kept_of(logits, labels) == expected


def test_it_is_registered_under_its_name():
    assert REGISTRY.get_metrics_function("Classification") is Classification


def test_labels_that_are_all_ignored_are_refused():
    message = "needs class numbers as labels, and none are there; leave training"
    with pytest.raises(DataError, match=message):
        predict([0, 1], [-1, -1], classes=2)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0.5, 1.0], r"float32 of shape \(2,\); write training.metrics_function: regr"),
        ([[0.0, 1.0], [1.0, 1.0]], "metrics_function: multilabel_classification"),
        ([[0.0, 1.5], [1.0, 1.0]], "metrics_function: regression"),
    ],
)
def test_labels_that_are_no_classes_are_told_their_metrics(labels, message):
    with pytest.raises(DataError, match=message):
        predict([0, 1], labels, classes=2)


def test_batches_of_any_lengths_give_the_f1_of_all_their_tokens():
    torch.manual_seed(0)
    logits, labels = torch.randn(60, 7), torch.randint(-1, 7, (60,))
    kept = [
        kept_of(logits[:40].view(5, 8, 7), labels[:40].view(5, 8)),
        kept_of(logits[40:].view(5, 4, 7), labels[40:].view(5, 4)),
    ]
    expected = multiclass_f1_score(
        logits[labels >= 0], labels[labels >= 0], 7, average="macro"
    )
    assert Classification().compute(kept)["macro_f1"] == pytest.approx(expected.item())


def test_what_is_kept_of_a_batch_grows_with_its_classes_and_not_with_its_tokens():
    torch.manual_seed(0)
    logits, labels = torch.randn(64, 500, 3), torch.randint(3, (64, 500))
    _, pairs, numbers = kept_of(logits, labels)
    assert len(pairs) == len(numbers) == 9
    assert sum(numbers) == 64 * 500


def test_what_is_kept_of_many_classes_grows_with_the_samples():
    _, pairs, _ = kept_of(torch.randn(4, 5000), torch.arange(4))
    assert len(pairs) == 4


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_one_logit_for_two_classes_chooses_the_second_above_0(shape):
    logits, labels = torch.tensor([2.0, -1.0, 0.5, -0.1]), torch.tensor([1, 0, 0, 0])
    metrics = Classification().compute([kept_of(logits.view(shape), labels)])
    assert metrics == pytest.approx({"accuracy": 0.75, "macro_f1": (4 / 5 + 2 / 3) / 2})
