"""A table with text and missing values is encoded alike by all that a run does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from oumi_runtime.builders.training import building
from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.models import BaseModel, StandardScaler
from oumi_runtime.core.registry import REGISTRY, RegistryType, register
from oumi_runtime.evaluate import evaluate
from oumi_runtime.exceptions import OumiRuntimeError
from oumi_runtime.train import train


class Linear(BaseModel):
    def __init__(self, num_features: int = 4) -> None:
        super().__init__()
        self.feature_scaler = StandardScaler("features", num_features)
        self.output = nn.Linear(num_features, 2)

    def forward(self, features, labels=None, **kwargs):
        logits = self.output(self.feature_scaler(features))
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self):
        return nn.functional.cross_entropy


@pytest.fixture
def config(tmp_path: Path) -> Iterator[TrainingConfig]:
    """Classes that follow from the text of one column, except where it is missing."""
    texts = ("a", "b", "", "a")
    train_rows = [f"{texts[n % 4]},{n if n % 3 else ''},{n % 2}" for n in range(80)]
    other_rows = [f"{'ac'[n % 2]},{n},{n % 2}" for n in range(20)]
    for split, rows in (("train", train_rows), ("validation", other_rows)):
        (tmp_path / f"{split}.csv").write_text("\n".join(["x,y,label", *rows]) + "\n")
    text = f"""
        model: {{model_name: Linear}}
        data:
          train:
            datasets: [{{dataset_name: tabular, dataset_path: {tmp_path}}}]
          validation:
            datasets:
              - {{dataset_name: tabular, dataset_path: {tmp_path}, split: validation}}
        training:
          output_dir: {tmp_path}/output
          max_steps: 20
          per_device_train_batch_size: 16
          learning_rate: 1e-1
          save_steps: 5
          eval_strategy: steps
          eval_steps: 10
          metrics_function: classification
    """
    with REGISTRY.isolated():
        register("Linear", RegistryType.MODEL)(Linear)
        yield TrainingConfig.from_str(text)


def weights_of(result: Any) -> dict[str, torch.Tensor]:
    return dict(result.model.state_dict())


def test_the_mean_that_replaces_missing_numbers_is_zero_to_the_layers(config) -> None:
    model = train(config).model
    mean = model.feature_scaler.mean[2]
    known = [n for n in range(80) if n % 3]
    assert mean.item() == pytest.approx(sum(known) / len(known), rel=1e-6)


def test_a_resumed_run_takes_the_features_of_its_checkpoint(
    config, tmp_path: Path, monkeypatch
) -> None:
    whole = weights_of(train(config))
    config.training.resume_from_checkpoint = f"{tmp_path}/output/checkpoint-5"
    config.training.output_dir = f"{tmp_path}/resumed"
    monkeypatch.setattr(building, "fit_preprocessing", None)
    resumed = weights_of(train(config))
    for name, weight in whole.items():
        assert torch.equal(weight, resumed[name]), name
    saved = (tmp_path / "output" / "features.json").read_bytes()
    assert (tmp_path / "resumed" / "features.json").read_bytes() == saved


def test_an_evaluation_encodes_as_the_run_did(config) -> None:
    metrics = train(config).metrics
    evaluated = evaluate(config)
    assert evaluated.metrics["loss"] == pytest.approx(metrics["eval_loss"], abs=1e-6)
    assert evaluated.num_samples == 20


def test_a_damaged_file_of_features_is_named(config, tmp_path: Path) -> None:
    train(config)
    (tmp_path / "output" / "features.json").write_text("[{}]")
    with pytest.raises(OumiRuntimeError, match=r"features\.json is not a list of feat"):
        evaluate(config)
