{% filter wrapped %}
"""Tests for {{ cookiecutter.model_name | identifier }}."""

import math
{% if cookiecutter.target == "oumi" %}
from pathlib import Path
{% else %}
from collections.abc import Callable
{% endif %}

import pytest
import torch
{% if cookiecutter.target != "oumi" %}
from oumi_runtime.testing import parametrize_with_checks
{% endif %}

from {{ cookiecutter.__models_package }}.{{ cookiecutter.module_name | identifier }} import {{ cookiecutter.model_name | identifier }}

NUM_CLASSES = 5


def make_model() -> {{ cookiecutter.model_name | identifier }}:
    """Creates a small model."""
    return {{ cookiecutter.model_name | identifier }}(image_size=8, in_channels=1, hidden_dim=32, num_classes=NUM_CLASSES)


def make_batch(batch_size: int) -> dict[str, torch.Tensor]:
    """Creates random greyscale images of 8x8 pixels, with a class each."""
    return {
        "images": torch.rand(batch_size, 1, 8, 8),
        "labels": torch.randint(NUM_CLASSES, (batch_size,)),
    }


def test_every_image_has_a_logit_per_class() -> None:
    """The logits are (batch, classes)."""
    outputs = make_model()(make_batch(16)["images"])
    assert outputs["logits"].shape == (16, NUM_CLASSES)


def test_a_fresh_model_guesses() -> None:
    """The initial loss is near that of a uniform guess, ln(classes)."""
    loss = make_model()(**make_batch(256))["loss"]
    assert loss.item() == pytest.approx(math.log(NUM_CLASSES), abs=0.5)


{% if cookiecutter.target == "oumi" %}
{% include "oumi_checks.py" %}
{% else %}
@parametrize_with_checks(make_model, make_batch)
def test_conformance(check: Callable[[], None]) -> None:
    """Runs a check that every model must pass."""
    check()
{% endif %}
{% endfilter %}
