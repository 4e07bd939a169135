"""Tests for SignatureExplainer."""

import math
from collections.abc import Callable

import pytest
import torch
from oumi_runtime.testing import parametrize_with_checks

from models.signature_explainer import SignatureExplainer

VOCAB_SIZE = 100


def make_model() -> SignatureExplainer:
    """Creates a small model."""
    return SignatureExplainer(VOCAB_SIZE, hidden_dim=32)


def make_batch(batch_size: int) -> dict[str, torch.Tensor]:
    """Creates random sources of 4 to 12 tokens, with a target of 3 to 6 each."""
    lengths = torch.randint(4, 13, (batch_size, 1))
    attention_mask = (torch.arange(12) < lengths).long()
    input_ids = torch.randint(1, VOCAB_SIZE, (batch_size, 12))
    labels = torch.randint(1, VOCAB_SIZE, (batch_size, 6))
    is_padding = torch.arange(6) >= torch.randint(3, 7, (batch_size, 1))
    return {
        "input_ids": input_ids * attention_mask,
        "attention_mask": attention_mask,
        "labels": labels.masked_fill(is_padding, -100),
    }


def test_every_target_token_has_logits() -> None:
    """The logits are (batch, length, vocabulary); without labels, of one token."""
    model, batch = make_model(), make_batch(16)
    assert model(**batch)["logits"].shape == (16, 6, VOCAB_SIZE)
    assert model(batch["input_ids"])["logits"].shape == (16, 1, VOCAB_SIZE)


def test_a_token_sees_only_the_source_and_earlier_tokens() -> None:
    """Changing tokens from the fourth on leaves the first four logits unchanged."""
    model, batch = make_model().eval(), make_batch(4)
    ids, labels = batch["input_ids"], batch["labels"]
    logits = model(ids, labels=labels)["logits"]
    changed = model(ids, labels=labels.index_fill(1, torch.tensor([3, 4]), 1))["logits"]
    torch.testing.assert_close(changed[:, :4], logits[:, :4])
    assert not torch.allclose(model(ids.flip(0), labels=labels)["logits"], logits)


def test_a_fresh_model_guesses() -> None:
    """The initial loss is near that of a uniform guess, ln(vocabulary)."""
    loss = make_model().eval()(**make_batch(64))["loss"]
    assert loss.item() == pytest.approx(math.log(VOCAB_SIZE), abs=0.5)


@parametrize_with_checks(make_model, make_batch)
def test_conformance(check: Callable[[], None]) -> None:
    """Runs a check that every model must pass."""
    check()
