"""Tests of CodeWriter."""

import math
from collections.abc import Callable

import pytest
import torch
from oumi_runtime.testing import parametrize_with_checks

from models.code_writer import CodeWriter

VOCAB_SIZE = 100


def make_model() -> CodeWriter:
    """Makes a small model."""
    return CodeWriter(VOCAB_SIZE, hidden_dim=32)


def make_batch(batch_size: int) -> dict[str, torch.Tensor]:
    """Makes random texts of 4 to 12 tokens, padded to 12; the labels are the tokens."""
    lengths = torch.randint(4, 13, (batch_size, 1))
    attention_mask = (torch.arange(12) < lengths).long()
    input_ids = torch.randint(1, VOCAB_SIZE, (batch_size, 12)) * attention_mask
    return {
        "input_ids": input_ids,
        "attention_mask": attention_mask,
        "labels": input_ids.masked_fill(attention_mask == 0, -100),
    }


def test_there_are_logits_of_the_token_after_each() -> None:
    """The logits are (batch, sequence, vocabulary), with a mask and without."""
    batch = make_batch(16)
    model = make_model()
    outputs = model(batch["input_ids"], batch["attention_mask"])
    assert outputs["logits"].shape == (16, 12, VOCAB_SIZE)
    assert model(batch["input_ids"])["logits"].shape == (16, 12, VOCAB_SIZE)


def test_no_token_sees_those_after_it() -> None:
    """Other tokens from the seventh on leave the logits of the first six alone."""
    model = make_model().eval()
    ids = make_batch(4)["input_ids"]
    others = torch.cat([ids[:, :6], (ids[:, 6:] + 1) % VOCAB_SIZE], dim=1)
    logits, changed = model(ids)["logits"], model(others)["logits"]
    torch.testing.assert_close(changed[:, :6], logits[:, :6])
    assert not torch.equal(changed[:, 6:], logits[:, 6:])


def test_a_fresh_model_guesses() -> None:
    """The loss starts near that of a uniform guess, ln(vocabulary)."""
    loss = make_model()(**make_batch(64))["loss"]
    assert loss.item() == pytest.approx(math.log(VOCAB_SIZE), abs=0.5)


@parametrize_with_checks(make_model, make_batch)
def test_conformance(check: Callable[[], None]) -> None:
    """The checks that any model must pass."""
    check()
