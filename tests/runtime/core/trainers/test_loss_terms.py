"""What a model returns beside its loss as single numbers is logged."""

import math

import pytest
import torch
from torch import nn

from oumi_runtime.builders import build_trainer
from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.core.models import BaseModel
from oumi_runtime.core.trainers.batches.map_batches import EvalBatches
from oumi_runtime.core.trainers.callbacks import TrainingCallback
from oumi_runtime.core.trainers.evaluation import evaluate_model

FEATURES = torch.arange(24.0).view(12, 2) / 24
LABELS = torch.tensor([0, 1] * 6)


class Parted(BaseModel):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, features, labels=None, **kwargs):
        logits = self.layer(features)
        outputs = {"logits": logits, "count": torch.tensor(3)}
        if labels is not None:
            outputs["class_loss"] = self.criterion(logits, labels)
            outputs["size_loss"] = features.mean()
            outputs["loss"] = outputs["class_loss"] + 0.1 * outputs["size_loss"]
        return outputs

    @property
    def criterion(self):
        return nn.functional.cross_entropy


class Lines(TrainingCallback):
    def __init__(self) -> None:
        self.lines: list[dict[str, float]] = []

    def on_log(self, state, metrics) -> None:
        self.lines.append(dict(metrics))


@pytest.mark.parametrize(("size", "accumulated"), [(12, 1), (4, 3), (5, 3)])
def test_terms_are_logged_as_those_of_one_batch(tmp_path, size, accumulated) -> None:
    recorder = Lines()
    dataset = ColumnDataset({"features": FEATURES, "labels": LABELS})
    torch.manual_seed(0)
    trainer = build_trainer(
        TrainingParams(
            output_dir=str(tmp_path),
            max_steps=1,
            per_device_train_batch_size=size,
            per_device_eval_batch_size=5,
            gradient_accumulation_steps=accumulated,
            logging_steps=1,
            save_steps=0,
            eval_strategy="steps",
            eval_steps=1,
        ),
        model=Parted(),
        train_dataset=dataset,
        eval_dataset=dataset,
        callbacks=[recorder],
    )
    trainer.train()
    trained, evaluated = recorder.lines
    for line, prefix in ((trained, ""), (evaluated, "eval_")):
        assert line[f"{prefix}size_loss"] == pytest.approx(FEATURES.mean().item())
        whole = line[f"{prefix}class_loss"] + 0.1 * line[f"{prefix}size_loss"]
        assert line[f"{prefix}loss"] == pytest.approx(whole)
        assert f"{prefix}count" not in line
    assert list(trained)[:3] == ["loss", "class_loss", "size_loss"]


def test_an_evaluation_without_any_target_has_no_means() -> None:
    columns = {"features": FEATURES, "labels": torch.full_like(LABELS, -100)}
    batches = EvalBatches(ColumnDataset(columns), batch_size=5, device=FEATURES.device)
    found = evaluate_model(Parted(), batches)
    assert found.keys() == {"loss", "class_loss", "size_loss"}
    assert all(map(math.isnan, found.values()))
