{% filter wrapped %}
"""Tests for {{ cookiecutter.dataset_class | identifier }}."""

from collections.abc import Callable

{% if cookiecutter.__has_tensors == "True" %}
import torch
{% endif %}
from oumi_runtime.testing import parametrize_with_dataset_checks

from {{ cookiecutter.__data_package }}.{{ cookiecutter.module_name | identifier }} import {{ cookiecutter.dataset_class | identifier }}


def make_dataset(split: str) -> {{ cookiecutter.dataset_class | identifier }}:
    """Creates a split of the dataset."""
    return {{ cookiecutter.dataset_class | identifier }}(split=split)


def test_a_sample_is_what_the_model_takes() -> None:
    """The fields are those of the model's forward, or texts to be tokenized."""
    sample = {{ "make_dataset(\"validation\")[0]" if cookiecutter.kind == "map" else "next(iter(make_dataset(\"validation\")))" }}
{% include "assertions.py" %}


@parametrize_with_dataset_checks(make_dataset{{ ", num_classes=" ~ (9 if cookiecutter.task == "token-classification" else 10) if cookiecutter.__has_classes == "True" and cookiecutter.kind == "stream" else "" }})
def test_conformance(check: Callable[[], None]) -> None:
    """Runs a check that every dataset must pass."""
    check()
{% endfilter %}
