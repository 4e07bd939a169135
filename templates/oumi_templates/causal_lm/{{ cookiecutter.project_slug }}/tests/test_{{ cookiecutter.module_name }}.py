{% filter wrapped %}
"""Tests for {{ cookiecutter.model_name | identifier }}."""

{% if not cookiecutter.__wrap %}
import math
{% endif %}
from collections.abc import Callable

{% if not cookiecutter.__wrap %}
import pytest
{% endif %}
import torch
from oumi_runtime.testing import parametrize_with_checks

from {{ cookiecutter.__models_package }}.{{ cookiecutter.module_name | identifier }} import {{ cookiecutter.model_name | identifier }}

{% if not cookiecutter.__wrap %}
VOCAB_SIZE = 100
{% else %}
VOCAB_SIZE = {{ cookiecutter.vocab_size | integer }}
{% endif %}


def make_model() -> {{ cookiecutter.model_name | identifier }}:
    """Creates {{ "the model of the config" if cookiecutter.__wrap else "a small model" }}."""
    return {{ cookiecutter.model_name | identifier }}({% if not cookiecutter.__wrap %}VOCAB_SIZE, hidden_dim={{ 32 | next_multiple(2 * (cookiecutter.num_heads | integer)) }}{% endif %})


{% if not cookiecutter.__wrap or cookiecutter.__wrap.mask %}
def make_batch(batch_size: int) -> dict[str, torch.Tensor]:
    """Creates random texts of 4 to 12 tokens, padded to 12, as their own labels."""
    lengths = torch.randint(4, 13, (batch_size, 1))
    attention_mask = (torch.arange(12) < lengths).long()
    input_ids = torch.randint(1, VOCAB_SIZE, (batch_size, 12)) * attention_mask
    return {
        "input_ids": input_ids,
        "attention_mask": attention_mask,
        "labels": input_ids.masked_fill(attention_mask == 0, -100),
    }


def test_every_position_has_logits_of_the_next_token() -> None:
    """The logits are (batch, sequence, vocabulary), with or without a mask."""
    batch = make_batch(16)
    model = make_model()
    outputs = model(batch["input_ids"], batch["attention_mask"])
    assert outputs["logits"].shape == (16, 12, VOCAB_SIZE)
    assert model(batch["input_ids"])["logits"].shape == (16, 12, VOCAB_SIZE)
{% else %}
def make_batch(batch_size: int) -> dict[str, torch.Tensor]:
    """Creates random texts of 12 tokens as their own labels: no mask is taken."""
    input_ids = torch.randint(1, VOCAB_SIZE, (batch_size, 12))
    return {"input_ids": input_ids, "labels": input_ids.clone()}


def test_every_position_has_logits_of_the_next_token() -> None:
    """The logits are (batch, sequence, vocabulary)."""
    outputs = make_model()(make_batch(16)["input_ids"])
    assert outputs["logits"].shape == (16, 12, VOCAB_SIZE)
{% endif %}


def test_no_token_sees_later_ones() -> None:
    """Changing tokens from the seventh on leaves the first six logits unchanged."""
    model = make_model().eval()
    ids = make_batch(4)["input_ids"]
    others = torch.cat([ids[:, :6], (ids[:, 6:] + 1) % VOCAB_SIZE], dim=1)
    logits, changed = model(ids)["logits"], model(others)["logits"]
    torch.testing.assert_close(changed[:, :6], logits[:, :6])
    assert not torch.equal(changed[:, 6:], logits[:, 6:])


{% if not cookiecutter.__wrap %}
def test_a_fresh_model_guesses() -> None:
    """The initial loss is near that of a uniform guess, ln(vocabulary)."""
    loss = make_model().eval()(**make_batch(64))["loss"]
    assert loss.item() == pytest.approx(math.log(VOCAB_SIZE), abs=0.5)


{% endif %}
@parametrize_with_checks(make_model, make_batch)
def test_conformance(check: Callable[[], None]) -> None:
    """Runs a check that every model must pass."""
    check()
{% endfilter %}
