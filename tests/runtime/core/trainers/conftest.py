"""A small model with dropout, data for it, and trainers over them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from oumi_runtime.builders import build_trainer
from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.datasets import ColumnDataset, RaggedColumn
from oumi_runtime.core.models import BaseModel
from oumi_runtime.core.trainers.base_trainer import BaseTrainer
from oumi_runtime.core.trainers.callbacks import TrainingCallback, TrainingState

NUM_SAMPLES = 50
NUM_CLASSES = 3


class DropoutNet(BaseModel):
    def __init__(self, hidden_dim: int = 8, dropout: float = 0.5) -> None:
        super().__init__()
        self.embedding = nn.Embedding(20, hidden_dim)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(hidden_dim, NUM_CLASSES)

    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        mask = attention_mask.unsqueeze(-1)
        x = (self.embedding(input_ids) * mask).sum(1) / mask.sum(1)
        logits = self.classifier(self.dropout(x))
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self):
        return nn.functional.cross_entropy


class LossRecorder(TrainingCallback):
    """Keeps every logged loss by its step."""

    def __init__(self) -> None:
        self.losses: dict[int, float] = {}
        self.evaluations: dict[int, dict[str, float]] = {}

    def on_log(self, state: TrainingState, metrics: dict[str, float]) -> None:
        if "loss" in metrics:
            self.losses[state.global_step] = metrics["loss"]
        else:
            self.evaluations[state.global_step] = metrics


@pytest.fixture
def dataset() -> ColumnDataset:
    generator = torch.Generator().manual_seed(5)
    lengths = torch.randint(2, 7, (NUM_SAMPLES,), generator=generator)
    ids = torch.randint(0, 20, (int(lengths.sum()),), generator=generator)
    labels = torch.randint(0, NUM_CLASSES, (NUM_SAMPLES,), generator=generator)
    return ColumnDataset({"input_ids": RaggedColumn(ids, lengths), "labels": labels})


@pytest.fixture
def make_trainer(
    tmp_path: Path, dataset: ColumnDataset
) -> Callable[..., tuple[BaseTrainer, LossRecorder]]:
    """Makes a trainer of a fresh model, the same one every time."""

    def make(
        dropout: float = 0.5,
        train_dataset: Any = dataset,
        more_callbacks: Sequence[Any] = (),
        **params: Any,
    ) -> tuple[BaseTrainer, LossRecorder]:
        defaults = {
            "output_dir": str(tmp_path / "output"),
            "per_device_train_batch_size": 8,
            "num_train_epochs": 3,
            "learning_rate": 0.05,
            "logging_steps": 1,
            "save_steps": 0,
        }
        recorder = LossRecorder()
        torch.manual_seed(0)
        trainer = build_trainer(
            TrainingParams(**{**defaults, **params}),
            model=DropoutNet(dropout=dropout),
            train_dataset=train_dataset,
            eval_dataset=dataset,
            callbacks=[recorder, *more_callbacks],
        )
        return trainer, recorder

    return make
