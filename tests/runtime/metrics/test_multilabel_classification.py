"""Metrics of several classes at once, against figures worked out by hand."""

from typing import Any

import pytest
import torch
from torch import nn
from torchmetrics.functional.classification import (
    multilabel_exact_match,
    multilabel_f1_score,
)

from oumi_runtime.exceptions import DataError
from oumi_runtime.metrics import MultilabelClassification

IDLE = nn.Identity()


def kept_of(logits: torch.Tensor, labels: torch.Tensor) -> Any:
    metrics = MultilabelClassification()
    return metrics.measure(IDLE, {"labels": labels}, {"logits": logits})


def measured(predicted: list[Any], labels: list[Any]) -> dict[str, float]:
    logits = torch.tensor(predicted).float() - 0.5
    batches = zip(logits.split(2), torch.tensor(labels).split(2), strict=True)
    return MultilabelClassification().compute([kept_of(*each) for each in batches])


def test_the_figures_are_those_worked_out_by_hand():
    # The first class is found twice, and once falsely; the second is missed once, and
    # found once; the third never occurs.
    found = measured(
        [[1, 0, 0], [1, 1, 0], [1, 0, 0]], [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    )
    assert found == pytest.approx(
        {"exact_match": 1 / 3, "micro_f1": 6 / 8, "macro_f1": (4 / 5 + 2 / 3) / 2}
    )


def test_they_are_those_of_torchmetrics():
    torch.manual_seed(0)
    logits, labels = torch.randn(50, 4), torch.randint(2, (50, 4))
    batches = zip(logits.split(7), labels.split(7), strict=True)
    found = MultilabelClassification().compute([kept_of(*each) for each in batches])
    chances = logits.sigmoid()
    expected = {
        "exact_match": multilabel_exact_match(chances, labels, 4),
        "micro_f1": multilabel_f1_score(chances, labels, 4, average="micro"),
        "macro_f1": multilabel_f1_score(chances, labels, 4, average="macro"),
    }
    assert found == pytest.approx({k: v.item() for k, v in expected.items()})


def test_negative_labels_are_left_out():
    found = measured([[1, 1], [0, 0]], [[1.0, -1.0], [-100.0, 0.0]])
    assert found == {"exact_match": 1, "micro_f1": 1, "macro_f1": 1}


def test_where_no_class_occurs_there_is_none_to_find():
    assert measured([[0, 0]], [[0, 0]]) == {
        "exact_match": 1,
        "micro_f1": 0,
        "macro_f1": 0,
    }


@pytest.mark.parametrize("shape", [(3,), (3, 2)])
def test_one_label_for_each_class_is_needed(shape: tuple[int, ...]):
    message = r"labels of shape \(3,.*\) for logits of \(3, 4\); the dataset has to"
    with pytest.raises(DataError, match=message):
        kept_of(torch.zeros(3, 4), torch.zeros(shape))
