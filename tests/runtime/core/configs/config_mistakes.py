"""Configs that are good, and the mistakes that one is refused with."""

import pytest

from oumi_runtime.exceptions import ConfigError

GOOD = """
model:
  model_name: MLPEncoder
  model_kwargs:
    hidden_dim: 64
data:
  train:
    datasets:
      - dataset_name: digits
training:
  learning_rate: 1e-4
  eval_strategy: no
"""


def mistakes(action):
    with pytest.raises(ConfigError) as caught:
        action()
    assert isinstance(caught.value, ValueError)
    assert caught.value.exit_code == 2
    lines = str(caught.value).splitlines()
    assert len(lines) == len(caught.value.mistakes)
    return lines
