"""Tests for LengthPredictor."""

from collections.abc import Callable

import torch
from oumi_runtime.testing import parametrize_with_checks

from models.length_predictor import LengthPredictor

NUM_FEATURES = 12


def make_model() -> LengthPredictor:
    """Creates a small model."""
    return LengthPredictor(NUM_FEATURES, hidden_dim=32)


def make_batch(batch_size: int) -> dict[str, torch.Tensor]:
    """Creates random rows, with a target value each."""
    return {
        "features": torch.randn(batch_size, NUM_FEATURES),
        "labels": torch.randn(batch_size),
    }


def test_every_row_has_a_prediction() -> None:
    """The logits are (batch,)."""
    outputs = make_model()(make_batch(16)["features"])
    assert outputs["logits"].shape == (16,)


def test_features_of_any_scale_are_accepted() -> None:
    """Features of about a million give moderate predictions."""
    logits = make_model()(make_batch(16)["features"] * 1e6)["logits"]
    assert logits.abs().max() < 100


def test_units_do_not_matter() -> None:
    """Once the scalers are fitted, predictions are the same in other units."""
    model, batch = make_model().eval(), make_batch(64)
    predictions: list[torch.Tensor] = []
    for unit in (1, 1000):
        model.feature_scaler.fit(unit * batch["features"])
        model.label_scaler.fit(unit * batch["labels"])
        predictions.append(model(unit * batch["features"])["logits"] / unit)
    torch.testing.assert_close(predictions[1], predictions[0], atol=1e-3, rtol=0)


def test_the_loss_is_the_mean_squared_error() -> None:
    """Predictions that are all off by 2 have a loss of 4."""
    model = make_model().eval()
    features = make_batch(16)["features"]
    logits = model(features)["logits"].detach()
    torch.testing.assert_close(model(features, logits + 2)["loss"].item(), 4.0)


@parametrize_with_checks(make_model, make_batch)
def test_conformance(check: Callable[[], None]) -> None:
    """Runs a check that every model must pass."""
    check()
