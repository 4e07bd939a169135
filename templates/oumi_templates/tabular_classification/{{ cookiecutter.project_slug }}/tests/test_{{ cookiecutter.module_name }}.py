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
NUM_FEATURES = 12
NUM_CLASSES = 5
{% else %}
NUM_FEATURES = {{ cookiecutter.num_features | integer }}
NUM_CLASSES = {{ cookiecutter.num_classes | integer }}
{% endif %}


def make_model() -> {{ cookiecutter.model_name | identifier }}:
    """Creates {{ "the model of the config" if cookiecutter.__wrap else "a small model" }}."""
    return {{ cookiecutter.model_name | identifier }}({% if not cookiecutter.__wrap %}NUM_FEATURES{% if cookiecutter.arch != "stub" %}, hidden_dim={{ 32 | next_multiple(cookiecutter.num_heads | integer) }}{% endif %}, num_classes=NUM_CLASSES{% endif %})


def make_batch(batch_size: int) -> dict[str, torch.Tensor]:
    """Creates random rows, with a class each."""
    return {
        "features": torch.randn(batch_size, NUM_FEATURES),
        "labels": torch.randint(NUM_CLASSES, (batch_size,)),
    }


def test_every_row_has_a_logit_per_class() -> None:
    """The logits are (batch, classes)."""
    outputs = make_model()(make_batch(16)["features"])
    assert outputs["logits"].shape == (16, NUM_CLASSES)


def test_features_of_any_scale_are_accepted() -> None:
    """Features of about a million give moderate logits."""
    logits = make_model()(make_batch(16)["features"] * 1e6)["logits"]
    assert logits.abs().max() < 100


def test_the_scale_of_features_does_not_matter() -> None:
    """Features in other units give the same logits, once the scaler is fitted."""
    model, features = make_model().eval(), make_batch(64)["features"]
    model.feature_scaler.fit(features)
    logits = model(features)["logits"]
    features = 1000 * features + 500
    model.feature_scaler.fit(features)
    torch.testing.assert_close(model(features)["logits"], logits, atol=1e-3, rtol=0)


{% if not cookiecutter.__wrap %}
def test_a_fresh_model_guesses() -> None:
    """The initial loss is near that of a uniform guess, ln(classes)."""
    loss = make_model().eval()(**make_batch(256))["loss"]
    assert loss.item() == pytest.approx(math.log(NUM_CLASSES), abs=0.5)


{% endif %}
@parametrize_with_checks(make_model, make_batch)
def test_conformance(check: Callable[[], None]) -> None:
    """Runs a check that every model must pass."""
    check()
{% endfilter %}
