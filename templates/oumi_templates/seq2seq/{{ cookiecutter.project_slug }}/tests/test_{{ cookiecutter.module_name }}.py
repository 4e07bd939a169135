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
