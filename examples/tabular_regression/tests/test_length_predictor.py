"""Tests of LengthPredictor."""

from collections.abc import Callable

import torch
from oumi_runtime.testing import parametrize_with_checks

from models.length_predictor import LengthPredictor

NUM_FEATURES = 12


def make_model() -> LengthPredictor:
    """Makes a small model."""
    return LengthPredictor(NUM_FEATURES)


def make_batch(batch_size: int) -> dict[str, torch.Tensor]:
    """Makes random rows, and a target value for each."""
    return {
        "features": torch.randn(batch_size, NUM_FEATURES),
        "labels": torch.randn(batch_size),
    }


def test_there_is_a_prediction_for_every_row() -> None:
    """The logits are (batch,)."""
    outputs = make_model()(make_batch(16)["features"])
    assert outputs["logits"].shape == (16,)


def test_features_of_any_size_are_taken() -> None:
    """Features of a million give finite predictions of no great size."""
    logits = make_model()(make_batch(16)["features"] * 1e6)["logits"]
    assert logits.abs().max() < 100


def test_the_loss_is_the_mean_squared_error() -> None:
    """Labels that are all off by 2 cost 4."""
    model = make_model().eval()
    features = make_batch(16)["features"]
    logits = model(features)["logits"].detach()
    torch.testing.assert_close(model(features, logits + 2)["loss"].item(), 4.0)


@parametrize_with_checks(make_model, make_batch)
def test_conformance(check: Callable[[], None]) -> None:
    """The checks that any model must pass."""
    check()
