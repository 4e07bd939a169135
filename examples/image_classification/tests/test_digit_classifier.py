"""Tests for DigitClassifier."""

import math
from collections.abc import Callable

import pytest
import torch
from oumi_runtime.testing import parametrize_with_checks

from models.digit_classifier import DigitClassifier

NUM_CLASSES = 5


def make_model() -> DigitClassifier:
    """Creates a small model."""
    return DigitClassifier(
        image_size=8, in_channels=1, hidden_dim=32, num_classes=NUM_CLASSES
    )


def make_batch(batch_size: int) -> dict[str, torch.Tensor]:
    """Creates random greyscale images of 8x8 pixels, with a class each."""
    return {
        "images": torch.rand(batch_size, 1, 8, 8),
        "labels": torch.randint(NUM_CLASSES, (batch_size,)),
    }


def test_every_image_has_a_logit_per_class() -> None:
    """The logits are (batch, classes)."""
    outputs = make_model()(make_batch(16)["images"])
    assert outputs["logits"].shape == (16, NUM_CLASSES)


def test_a_fresh_model_guesses() -> None:
    """The initial loss is near that of a uniform guess, ln(classes)."""
    loss = make_model().eval()(**make_batch(256))["loss"]
    assert loss.item() == pytest.approx(math.log(NUM_CLASSES), abs=0.5)


@parametrize_with_checks(make_model, make_batch)
def test_conformance(check: Callable[[], None]) -> None:
    """Runs a check that every model must pass."""
    check()
