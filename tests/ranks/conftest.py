"""A small project, and runs of it in several processes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from forked_trainings import (
    TrainingEnded,
    TrainingProject,
    TrainingServer,
    running_server,
)

NET = '''
import os
import signal
import time

import torch
from torch import nn

from oumi_runtime.core.datasets import BaseMapDataset
from oumi_runtime.core.distributed import get_rank
from oumi_runtime.core.models import BaseModel
from oumi_runtime.core.registry import RegistryType, register, register_dataset
from oumi_runtime.core.trainers.callbacks import TrainingCallback


@register("RankNet", RegistryType.MODEL)
class RankNet(BaseModel):
    def __init__(self, norm: bool = False, spare: bool = False) -> None:
        super().__init__()
        normed = nn.BatchNorm1d(16) if norm else nn.Identity()
        self.layers = nn.Sequential(
            nn.Linear(6, 16), normed, nn.ReLU(), nn.Linear(16, 3)
        )
        self.spare = nn.Linear(3, 3) if spare else None

    def forward(self, features, labels=None, **kwargs):
        logits = self.layers(features)
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self):
        return nn.functional.cross_entropy


@register_dataset("rank_rows")
class RankRows(BaseMapDataset):
    """Rows, of which some lack their features or have no number in them."""

    def __init__(self, size=97, bad=(), nan=(), ignored=(), **kwargs) -> None:
        super().__init__(**kwargs)
        if os.environ.get("ONE_MORE_ON_RANK") == str(get_rank()):
            size += 1
        rows = torch.randn(size, 6, generator=torch.Generator().manual_seed(7))
        labels = rows[:, :3].argmax(dim=1)
        rows[list(nan)] = float("nan")
        labels[list(ignored)] = -100
        self._data = [
            {"features": row, "labels": label}
            for row, label in zip(rows, labels, strict=True)
        ]
        for index in bad:
            self._data[index] = {"labels": labels[index]}

    def transform(self, sample):
        return {"features": sample["features"], "labels": sample["labels"]}


@register("on_one_rank", RegistryType.CALLBACK)
class OnOneRank(TrainingCallback):
    """Does DO in the event EVENT of step STEP, on RANK_OF_IT alone."""

    def __init__(self, config) -> None:
        self.is_due = os.environ.get("RANK_OF_IT") == str(get_rank())

    def on_step_end(self, state) -> None:
        self.look(state, "on_step_end")

    def on_eval_batch(self, state) -> None:
        self.look(state, "on_eval_batch")

    def on_log(self, state, metrics) -> None:
        self.look(state, "on_log")

    def look(self, state, event) -> None:
        what, step = os.environ.get("DO"), int(os.environ.get("STEP", "5"))
        is_now = event == os.environ.get("EVENT") and state.global_step == step
        if not (self.is_due and is_now):
            return
        self.is_due = False
        if what == "raise":
            raise RuntimeError("this callback has broken")
        elif what == "freeze":
            time.sleep(1000)
        elif what in ("SIGKILL", "SIGTERM"):
            os.kill(os.getpid(), getattr(signal, what))
        elif what == "stop":
            state.requests.stop = "enough"
        else:
            setattr(state.requests, what, True)
'''
CONFIG = """
model: {model_name: RankNet}
data:
  train:
    datasets: [{dataset_name: rank_rows}]
  validation:
    datasets: [{dataset_name: rank_rows, dataset_kwargs: {size: 23}}]
training:
  output_dir: run
  per_device_train_batch_size: 4
  learning_rate: 1e-2
  lr_scheduler_type: cosine
  max_steps: 20
  logging_steps: 1
  save_steps: 10
  eval_strategy: steps
  eval_steps: 10
  callbacks: [on_one_rank]
  nccl_default_timeout_minutes: 4
  telemetry: {telemetry_dir: null}
"""


class RanksProject(TrainingProject):
    """Trains in several processes."""

    def __init__(self, folder: Path, server: TrainingServer) -> None:
        super().__init__(folder, server, NET, CONFIG)

    def train(
        self,
        processes: int,
        *more: str,
        output: str = "run",
        **environment: str,
    ) -> TrainingEnded:
        """Runs the training program to its end in several processes."""
        arguments = ["-c", "config.yaml", "--training.output_dir", output, *more]
        return self.server.train(
            self.folder,
            arguments,
            logs=[f"log-{rank}.txt" for rank in range(processes)],
            environment=environment,
            is_one_frozen=environment.get("DO") == "freeze",
        )

    def column(self, name: str, output: str = "run") -> list[float]:
        """The values that were logged under a name."""
        return [row[name] for row in self.rows(output) if name in row]

    def checkpoints(self, output: str = "run") -> list[int]:
        """The steps of the checkpoints."""
        found = (self.folder / output).glob("checkpoint-*")
        return sorted(int(path.name.removeprefix("checkpoint-")) for path in found)

    def session(self, output: str = "run") -> dict[str, Any]:
        """The last session in the record of a run."""
        session: dict[str, Any] = self.record(output)["sessions"][-1]
        return session


@pytest.fixture(scope="session")
def server() -> Iterator[TrainingServer]:
    with running_server() as server:
        yield server


@pytest.fixture
def ranks(tmp_path: Path, server: TrainingServer) -> RanksProject:
    return RanksProject(tmp_path, server)
