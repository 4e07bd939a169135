"""A model whose evaluation is known on paper, and configs that train it."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import torch
from torch import nn

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.models import BaseModel
from oumi_runtime.core.registry import REGISTRY, RegistryType, register

Build = Callable[[Mapping[str, str]], TrainingConfig]

CONFIG = """
model: {{model_name: Slope, device_map: cpu}}
data:
  train:
    datasets: [{{dataset_name: digits_table, split: train, sample_count: 32}}]
  validation:
    datasets: [{{dataset_name: digits_table, split: validation, sample_count: 32}}]
training:
  optimizer: sgd
  learning_rate: 1.0e-3
  max_steps: 4
  eval_strategy: steps
  eval_steps: 1
  per_device_train_batch_size: 8
  output_dir: {folder}
"""


class Slope(BaseModel):
    """Its loss is `height` + `drop` * steps done, whatever the data is."""

    calls: list[dict[str, float]]

    def __init__(self, height: float = 1.0, drop: float = 0.0, width: int = 4) -> None:
        super().__init__()
        if width % 2:
            raise ValueError(f"the width {width} is odd")
        self.height, self.drop = height, drop
        self.weight = nn.Parameter(torch.zeros(1))
        self.steps = 0
        type(self).calls.append({"height": height, "drop": drop, "width": width})

    def forward(self, features, labels=None, **kwargs):
        self.steps += self.training
        loss = self.height + self.drop * self.steps + self.weight.sum() * 0.0
        return {"logits": features[:, :10], "loss": loss}

    @property
    def criterion(self):
        return nn.functional.cross_entropy


@pytest.fixture
def slope(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Slope]]:
    """The class, registered; `calls` are the arguments of those that were built."""
    monkeypatch.setattr(Slope, "calls", [], raising=False)
    with REGISTRY.isolated():
        register("Slope", RegistryType.MODEL)(Slope)
        yield Slope


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The output folder."""
    return tmp_path / "output"


@pytest.fixture
def build(slope: type[Slope], folder: Path, tmp_path: Path) -> Build:
    """Builds the config with other values."""
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(folder=folder))

    def build_config(values: Mapping[str, str]) -> TrainingConfig:
        words = [f"--{key}={value}" for key, value in values.items()]
        return TrainingConfig.from_yaml_and_arg_list(path, words)

    return build_config
