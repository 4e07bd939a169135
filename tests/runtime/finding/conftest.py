"""A model whose loss is known on paper, and configs that train it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.models import BaseModel
from oumi_runtime.core.registry import REGISTRY, RegistryType, register

STEEPNESS = 10.0
CONFIG = """
model: {model_name: Bowl, device_map: cpu}
data:
  train:
    datasets: [{dataset_name: digits_table, split: train}]
training:
  optimizer: sgd
  learning_rate: 0.1
  max_grad_norm: null
  per_device_train_batch_size: 32
"""


class Bowl(BaseModel):
    """A single number rolls down a bowl; SGD climbs out of it above 2 / steepness."""

    made: list["Bowl"]

    def __init__(self, floor: float = 0.0) -> None:
        super().__init__()
        self.position = nn.Parameter(torch.ones(1))
        self.floor = floor
        self.num_samples: list[int] = []
        self.before_forward: Callable[[int], Any] = lambda num_samples: None
        type(self).made.append(self)
        type(self).prepare(self)

    prepare: Callable[["Bowl"], None] = staticmethod(lambda bowl: None)

    def forward(self, features, labels=None, **kwargs):
        self.num_samples.append(len(features))
        self.before_forward(len(features))
        loss = 0.5 * STEEPNESS * self.position.square().sum() + self.floor
        return {"logits": features, "loss": loss}

    @property
    def criterion(self):
        return nn.functional.mse_loss


class Softmax(BaseModel):
    """One layer, which learns digits at rates within some powers of ten."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(64, 10)

    def forward(self, features, labels=None, **kwargs):
        logits = self.layer(features)
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self):
        return nn.functional.cross_entropy


@pytest.fixture
def bowl(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Bowl]]:
    """The class, registered; `made` are those that were built, `prepare` meets them."""
    monkeypatch.setattr(Bowl, "made", [], raising=False)
    monkeypatch.setattr(Bowl, "prepare", staticmethod(lambda bowl: None))
    with REGISTRY.isolated():
        register("Bowl", RegistryType.MODEL)(Bowl)
        register("Softmax", RegistryType.MODEL)(Softmax)
        yield Bowl


@pytest.fixture
def streamed(tmp_path: Path) -> str:
    """A config that streams forty texts, of which nobody has said how many they are."""
    rows = [{"text": f"number {number}", "label": number % 2} for number in range(40)]
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return f"""
model: {{model_name: MLPEncoder, model_kwargs: {{input_dim: 300, hidden_dim: 8}}}}
data:
  train:
    stream: true
    datasets: [{{dataset_name: text_classification, dataset_path: {path}}}]
training: {{per_device_train_batch_size: 8}}
"""


@pytest.fixture
def make_config(tmp_path: Path) -> Callable[..., TrainingConfig]:
    """A config that trains a bowl, with other values in its training section."""

    def make(text: str = CONFIG, **training: Any) -> TrainingConfig:
        config = TrainingConfig.from_str(text)
        config.training.output_dir = str(tmp_path / "output")
        for name, value in training.items():
            setattr(config.training, name, value)
        return config

    return make
