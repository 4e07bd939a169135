{% filter wrapped %}
"""Tests for {{ cookiecutter.model_name | identifier }}."""

from collections.abc import Callable

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
    """Creates random texts of 4 to 12 tokens, with a matching text of 3 to 6 each."""
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


def test_every_text_and_target_has_an_embedding_of_length_1() -> None:
    """The embeddings are (batch, {{ "width" if cookiecutter.__wrap else "hidden" }})."""
    outputs = make_model()(**make_batch(16))
    for name in ("embeddings", "target_embeddings"):
        assert outputs[name].shape == (16, {{ cookiecutter.__wrap.width | integer if cookiecutter.__wrap else 32 | next_multiple(2 * (cookiecutter.num_heads | integer)) }})
        torch.testing.assert_close(outputs[name].norm(dim=1), torch.ones(16))


def test_texts_and_targets_are_embedded_alike() -> None:
    """A text that is its own target has the same embedding as both."""
    model = make_model().eval()
    ids = make_batch(16)["input_ids"]
    outputs = model(ids, (ids > 0).long(), labels=ids.masked_fill(ids == 0, -100))
    torch.testing.assert_close(outputs["target_embeddings"], outputs["embeddings"])


@parametrize_with_checks(make_model, make_batch)
def test_conformance(check: Callable[[], None]) -> None:
    """Runs a check that every model must pass."""
    check()
{% endfilter %}
