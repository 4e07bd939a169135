"""R2 and mean absolute error, against figures worked out by hand."""

import numpy as np
import pytest

from oumi_runtime.core.trainers.evaluation import EvalPrediction
from oumi_runtime.exceptions import DataError
from oumi_runtime.metrics import regression


def measure(predicted, labels) -> dict[str, float]:
    predictions = np.array(predicted, dtype=np.float32)
    return regression(EvalPrediction(predictions, np.array(labels)))


def test_the_figures_are_those_worked_out_by_hand():
    # The mean is 3; squared errors add up to 1 + 0 + 4, squares around the mean to 8.
    metrics = measure([2.0, 3.0, 7.0], [1.0, 3.0, 5.0])
    assert metrics == pytest.approx({"r2": 1 - 5 / 8, "mae": 1.0})


def test_predicting_the_mean_explains_nothing():
    assert measure([2.0, 2.0], [1, 3])["r2"] == pytest.approx(0)


def test_a_last_dimension_of_one_is_left_out():
    assert measure([[1.0], [3.0]], [1.0, 3.0])["r2"] == 1


def test_several_amounts_count_alike_whatever_their_size():
    predicted, labels = (
        [[2.0, 0.0], [3.0, 5e6], [7.0, 9e6]],
        [[1.0, 0], [3, 5e6], [5, 9e6]],
    )
    assert measure(predicted, labels)["r2"] == pytest.approx((1 - 5 / 8 + 1) / 2)


@pytest.mark.parametrize(
    ("predicted", "labels"),
    [([1.0], [1.0]), ([[1, 2.0]], [1.0]), ([[1, 2.0], [1, 2]], [1, 2, 1, 2])],
)
def test_too_few_labels_are_refused(predicted, labels):
    with pytest.raises(DataError, match="needs an amount for each"):
        measure(predicted, labels)
