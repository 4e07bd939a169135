"""Accuracy and macro-F1, against figures worked out by hand."""

import numpy as np
import pytest

from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.core.trainers.evaluation import EvalPrediction
from oumi_runtime.exceptions import DataError
from oumi_runtime.metrics import classification


def predict(predicted: list[int], labels: list[int], classes: int) -> dict[str, float]:
    logits = np.eye(classes, dtype=np.float32)[predicted] * 3 - 1
    return classification(EvalPrediction(logits, np.array(labels)))


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
    logits = np.eye(3, dtype=np.float32)[[[0, 1], [2, 2]]]
    labels = np.array([[0, 1], [-100, 0]])
    metrics = classification(EvalPrediction(logits, labels))
    assert metrics["accuracy"] == pytest.approx(2 / 3)


def test_it_is_registered_under_its_name():
    assert REGISTRY.get_metrics_function("Classification") is classification


@pytest.mark.parametrize("labels", [[-1, -1], [0.5, 1.0]])
def test_labels_that_are_no_classes_are_refused(labels):
    with pytest.raises(DataError, match="needs class numbers as labels"):
        predict([0, 1], labels, classes=2)
