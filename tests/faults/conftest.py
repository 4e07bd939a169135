"""A small project with everything that draws random numbers, and runs of it."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from forked_trainings import TrainingProject, TrainingServer, running_server

INJECTIONS = str(Path(__file__).with_name("injections.py"))

NET = '''
import random

import numpy as np
import torch
from torch import nn

from oumi_runtime.core import registry
from oumi_runtime.core.datasets import BaseMapDataset
from oumi_runtime.core.models import BaseModel


@registry.register("FaultNet", registry.RegistryType.MODEL)
class FaultNet(BaseModel):
    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(6, width), nn.ReLU(), nn.Dropout(0.3), nn.Linear(width, 3)
        )

    def forward(self, features, labels=None, **kwargs):
        logits = self.layers(features)
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self):
        return nn.functional.cross_entropy


@registry.register_dataset("noisy_rows")
class NoisyRows(BaseMapDataset):
    """Rows that are augmented as they are read, by three kinds of random numbers."""

    def __init__(self, size: int = 100, bad=(), **kwargs) -> None:
        super().__init__(**kwargs)
        generator = torch.Generator().manual_seed(7)
        features = torch.randn(size, 6, generator=generator)
        self._data = [
            {"features": row, "labels": int(row[:3].argmax())} for row in features
        ]
        for index in bad:
            del self._data[index]["features"]

    def transform(self, sample):
        noise = torch.rand(()) + random.random() + np.random.rand()
        features = sample["features"] + 0.1 * noise
        return {"features": features, "labels": torch.tensor(sample["labels"])}
'''
CONFIG = """
model: {model_name: FaultNet}
data:
  train:
    datasets: [{dataset_name: noisy_rows}]
  validation:
    datasets: [{dataset_name: noisy_rows, dataset_kwargs: {size: 20}}]
training:
  output_dir: run
  per_device_train_batch_size: 4
  gradient_accumulation_steps: 2
  learning_rate: 1e-2
  lr_scheduler_type: cosine
  max_steps: 40
  logging_steps: 3
  save_steps: 4
  save_total_limit: 3
  eval_strategy: steps
  eval_steps: 10
  try_resume_from_last_checkpoint: true
  telemetry: {telemetry_dir: null}
"""


class Ended(NamedTuple):
    """How a run has ended."""

    code: int | None
    """The exit code; minus the signal's number where one has killed it; None where it
    never ended."""
    seconds: float
    log: str


class Project(TrainingProject):
    """Trains in one process, which may be killed or meddled with."""

    def __init__(self, folder: Path, server: TrainingServer) -> None:
        super().__init__(folder, server, NET, CONFIG)

    def train(
        self,
        output: str = "run",
        *more: str,
        signals: list[tuple[float, int]] | None = None,
        inject: tuple[str, list[Any]] | None = None,
    ) -> Ended:
        """Runs the training program to its end, whatever that is."""
        ended = self.server.train(
            self.folder,
            ["-c", "config.yaml", "--training.output_dir", output, *more],
            signals=signals or [],
            inject=inject and (INJECTIONS, *inject),
            limit_s=120,
        )
        return Ended(ended.codes[0], ended.seconds, ended.logs[0])

    def weights(self, output: str = "run") -> str:
        """A hash of the final model's weights."""
        content = (self.folder / output / "model.safetensors").read_bytes()
        return hashlib.sha256(content).hexdigest()

    def metrics(self, output: str = "run") -> list[dict[str, Any]]:
        """What was logged, but for what measures time."""
        timed = ("per_second", "seconds", "_time")
        return [
            {k: v for k, v in row.items() if not any(t in k for t in timed)}
            for row in self.rows(output)
        ]


@pytest.fixture(scope="session")
def server() -> Iterator[TrainingServer]:
    with running_server() as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, server: TrainingServer) -> Project:
    return Project(tmp_path, server)


@pytest.fixture(scope="session")
def untouched(
    tmp_path_factory: pytest.TempPathFactory, server: TrainingServer
) -> Callable[..., Project]:
    """Gives a project in which `run` was trained to the end without a fault."""
    made: dict[tuple[str, ...], Project] = {}

    def get(*more: str) -> Project:
        if more not in made:
            project = Project(tmp_path_factory.mktemp("untouched"), server)
            ended = project.train("run", *more)
            assert ended.code == 0, ended.log
            made[more] = project
        return made[more]

    return get
