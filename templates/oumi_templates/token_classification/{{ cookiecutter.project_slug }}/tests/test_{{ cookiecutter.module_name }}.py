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
NUM_CLASSES = 5
{% else %}
VOCAB_SIZE = {{ cookiecutter.vocab_size | integer }}
NUM_CLASSES = {{ cookiecutter.num_classes | integer }}
{% endif %}


def make_model() -> {{ cookiecutter.model_name | identifier }}:
    """Creates {{ "the model of the config" if cookiecutter.__wrap else "a small model" }}."""
    return {{ cookiecutter.model_name | identifier }}({% if not cookiecutter.__wrap %}VOCAB_SIZE, hidden_dim={{ 32 | next_multiple(2 * (cookiecutter.num_heads | integer)) }}, num_classes=NUM_CLASSES{% endif %})


def make_batch(batch_size: int) -> dict[str, torch.Tensor]:
    """Creates random texts of 4 to 12 tokens, padded to 12, with a class per token."""
    lengths = torch.randint(4, 13, (batch_size, 1))
    attention_mask = (torch.arange(12) < lengths).long()
    input_ids = torch.randint(1, VOCAB_SIZE, (batch_size, 12))
    labels = torch.randint(NUM_CLASSES, (batch_size, 12))
    return {
        "input_ids": input_ids * attention_mask,
        "attention_mask": attention_mask,
        "labels": labels.masked_fill(attention_mask == 0, -100),
    }


def test_every_token_has_a_logit_per_class() -> None:
    """The logits are (batch, sequence, classes), with or without a mask."""
    batch = make_batch(16)
    model = make_model()
    outputs = model(batch["input_ids"], batch["attention_mask"])
    assert outputs["logits"].shape == (16, 12, NUM_CLASSES)
    assert model(batch["input_ids"])["logits"].shape == (16, 12, NUM_CLASSES)


{% if not cookiecutter.__wrap %}
def test_a_fresh_model_guesses() -> None:
    """The initial loss is near that of a uniform guess, ln(classes)."""
    loss = make_model().eval()(**make_batch(64))["loss"]
    assert loss.item() == pytest.approx(math.log(NUM_CLASSES), abs=0.5)


{% endif %}
@parametrize_with_checks(make_model, make_batch)
def test_conformance(check: Callable[[], None]) -> None:
    """Runs a check that every model must pass."""
    check()
{% endfilter %}
