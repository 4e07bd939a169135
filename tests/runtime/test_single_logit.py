"""A classifier with one logit for two classes is measured and predicts as one."""

import random
from pathlib import Path

import pytest
import yaml
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.models import BaseModel
from oumi_runtime.core.registry import RegistryType, register
from oumi_runtime.evaluate import evaluate
from oumi_runtime.infer import infer
from oumi_runtime.train import train


@pytest.mark.parametrize("names", [("no", "yes"), (0, 1)])
@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_the_predicted_classes_are_those_that_evaluation_measures(
    tmp_path: Path, names: tuple[str | int, str | int], shape: tuple[int, ...]
):
    @register("OneLogit", RegistryType.MODEL)
    class OneLogit(BaseModel):
        def __init__(self, num_features: int = 2) -> None:
            super().__init__()
            self.layer = nn.Linear(num_features, 1)

        def forward(self, features, labels=None, **kwargs):
            logits = self.layer(features).view(shape)
            if labels is None:
                return {"logits": logits}
            loss = self.criterion(logits.flatten(), labels.float())
            return {"logits": logits, "loss": loss}

        @property
        def criterion(self):
            return F.binary_cross_entropy_with_logits

    drawn = random.Random(1)
    rows = [(drawn.gauss(0, 1), drawn.gauss(0, 1)) for _ in range(80)]
    labels = [names[int(x + 0.3 * y > 0)] for x, y in rows]
    table = tmp_path / "table.csv"
    lines = [f"{x},{y},{label}" for (x, y), label in zip(rows, labels, strict=True)]
    table.write_text("\n".join(["x,y,label", *lines]))
    data = {"datasets": [{"dataset_name": "tabular", "dataset_path": str(table)}]}
    written = tmp_path / "config.yaml"
    written.write_text(
        yaml.safe_dump(
            {
                "model": {"model_name": "OneLogit"},
                "data": {"train": data, "test": data},
                "training": {
                    "output_dir": str(tmp_path / "run"),
                    "max_steps": 40,
                    "learning_rate": 0.1,
                    "metrics_function": "classification",
                },
            }
        )
    )
    config = TrainingConfig.from_yaml(written)
    train(config)
    accuracy = evaluate(config).metrics["accuracy"]
    found = list(infer(config))
    hits = [p["label"] == label for p, label in zip(found, labels, strict=True)]
    assert sum(hits) / len(hits) == pytest.approx(accuracy)
    assert accuracy > 0.8
    for prediction in found:
        shares = prediction["probabilities"]
        assert list(shares) == [str(name) for name in names]
        assert sum(shares.values()) == pytest.approx(1)
