"""Tests for DocstringClassifier."""

import math
from collections.abc import Callable

import pytest
import torch
from oumi_runtime.testing import parametrize_with_checks

from models.docstring_classifier import DocstringClassifier

VOCAB_SIZE = 100
NUM_CLASSES = 5


def make_model() -> DocstringClassifier:
    """Creates a small model."""
    return DocstringClassifier(VOCAB_SIZE, hidden_dim=32, num_classes=NUM_CLASSES)


def make_batch(batch_size: int) -> dict[str, torch.Tensor]:
    """Creates random texts of 4 to 12 tokens, padded to 12, with a class each."""
    lengths = torch.randint(4, 13, (batch_size, 1))
    attention_mask = (torch.arange(12) < lengths).long()
    input_ids = torch.randint(1, VOCAB_SIZE, (batch_size, 12))
    return {
        "input_ids": input_ids * attention_mask,
        "attention_mask": attention_mask,
        "labels": torch.randint(NUM_CLASSES, (batch_size,)),
    }


def test_every_text_has_a_logit_per_class() -> None:
    """The logits are (batch, classes), with or without a mask."""
    batch = make_batch(16)
    model = make_model()
    outputs = model(batch["input_ids"], batch["attention_mask"])
    assert outputs["logits"].shape == (16, NUM_CLASSES)
    assert model(batch["input_ids"])["logits"].shape == (16, NUM_CLASSES)


def test_a_fresh_model_guesses() -> None:
    """The initial loss is near that of a uniform guess, ln(classes)."""
    loss = make_model().eval()(**make_batch(256))["loss"]
    assert loss.item() == pytest.approx(math.log(NUM_CLASSES), abs=0.5)


@parametrize_with_checks(make_model, make_batch)
def test_conformance(check: Callable[[], None]) -> None:
    """Runs a check that every model must pass."""
    check()
