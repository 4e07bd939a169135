{% set patch = cookiecutter.patch_size | integer if cookiecutter.arch == "transformer" else 4 %}
{% set side = [8, 2 * patch] | max | next_multiple(patch) %}
{% filter wrapped %}
"""Tests for {{ cookiecutter.model_name | identifier }}."""

{% if not cookiecutter.__wrap %}
import math
{% endif %}
{% if cookiecutter.target == "oumi" %}
from pathlib import Path
{% else %}
from collections.abc import Callable
{% endif %}

{% if not cookiecutter.__wrap %}
import pytest
{% endif %}
import torch
{% if cookiecutter.target != "oumi" %}
from oumi_runtime.testing import parametrize_with_checks
{% endif %}

from {{ cookiecutter.__models_package }}.{{ cookiecutter.module_name | identifier }} import {{ cookiecutter.model_name | identifier }}

{% if not cookiecutter.__wrap %}
NUM_CLASSES = 5
{% else %}
NUM_CLASSES = {{ cookiecutter.num_classes | integer }}
{% endif %}


def make_model() -> {{ cookiecutter.model_name | identifier }}:
    """Creates {{ "the model of the config" if cookiecutter.__wrap else "a small model" }}."""
    return {{ cookiecutter.model_name | identifier }}({% if not cookiecutter.__wrap %}image_size={{ side }}, in_channels=1, hidden_dim={{ 32 | next_multiple(cookiecutter.num_heads | integer) }}, num_classes=NUM_CLASSES{% endif %})


def make_batch(batch_size: int) -> dict[str, torch.Tensor]:
{% if cookiecutter.__wrap %}
    """Creates random images, with a class each."""
{% else %}
    """Creates random greyscale images of {{ side }}x{{ side }} pixels, with a class each."""
{% endif %}
    return {
        "images": torch.rand(batch_size, {% if cookiecutter.__wrap %}{{ cookiecutter.in_channels | integer }}, {{ cookiecutter.image_size | integer }}, {{ cookiecutter.image_size | integer }}{% else %}1, {{ side }}, {{ side }}{% endif %}),
        "labels": torch.randint(NUM_CLASSES, (batch_size,)),
    }


def test_every_image_has_a_logit_per_class() -> None:
    """The logits are (batch, classes)."""
    outputs = make_model()(make_batch(16)["images"])
    assert outputs["logits"].shape == (16, NUM_CLASSES)


{% if not cookiecutter.__wrap %}
def test_a_fresh_model_guesses() -> None:
    """The initial loss is near that of a uniform guess, ln(classes)."""
    loss = make_model().eval()(**make_batch(256))["loss"]
    assert loss.item() == pytest.approx(math.log(NUM_CLASSES), abs=0.5)


{% endif %}
{% if cookiecutter.target == "oumi" %}
{% include "oumi_checks.py" %}
{% else %}
@parametrize_with_checks(make_model, make_batch)
def test_conformance(check: Callable[[], None]) -> None:
    """Runs a check that every model must pass."""
    check()
{% endif %}
{% endfilter %}
