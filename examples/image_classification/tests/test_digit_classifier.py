"""Tests of DigitClassifier."""

import math
from collections.abc import Callable

import pytest
import torch
from oumi_runtime.testing import parametrize_with_checks

from models.digit_classifier import DigitClassifier

NUM_CLASSES = 5


def make_model() -> DigitClassifier:
    """Makes a small model."""
    return DigitClassifier(
        image_size=8, in_channels=1, hidden_dim=32, num_classes=NUM_CLASSES
    )


def make_batch(batch_size: int) -> dict[str, torch.Tensor]:
    """Makes random images of 8x8 grey pixels, and a class for each."""
    return {
        "images": torch.rand(batch_size, 1, 8, 8),
        "labels": torch.randint(NUM_CLASSES, (batch_size,)),
    }


def test_there_is_a_logit_for_every_image_and_class() -> None:
    """The logits are (batch, classes)."""
    outputs = make_model()(make_batch(16)["images"])
    assert outputs["logits"].shape == (16, NUM_CLASSES)


def test_a_fresh_model_guesses() -> None:
    """The loss starts near that of a uniform guess, ln(classes)."""
    loss = make_model()(**make_batch(256))["loss"]
    assert loss.item() == pytest.approx(math.log(NUM_CLASSES), abs=0.5)


@parametrize_with_checks(make_model, make_batch)
def test_conformance(check: Callable[[], None]) -> None:
    """The checks that any model must pass."""
    check()
