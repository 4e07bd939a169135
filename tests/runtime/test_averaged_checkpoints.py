"""What is used of a checkpoint is what was evaluated: with `ema_decay`, the average."""

import json
from pathlib import Path

import pytest
import torch

from oumi_runtime.builders.models.trained import load_trained_model
from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.evaluate import evaluate
from oumi_runtime.infer import Predictor
from oumi_runtime.models import CNNClassifier
from oumi_runtime.train import train

CONFIG = """
model:
  model_name: CnnClassifier
  model_kwargs: {image_width: 8, image_height: 8, in_channels: 1, kernel_size: 1}
data:
  train: {datasets: [{dataset_name: digits, sample_count: 64}]}
  validation: {datasets: [{dataset_name: digits, split: validation}]}
training:
  output_dir: run
  max_steps: 8
  learning_rate: 1e-2
  ema_decay: 0.9
  save_best: 1
  eval_strategy: steps
  eval_steps: 4
  save_steps: 0
  telemetry: {telemetry_dir: null}
"""


@pytest.mark.parametrize("frozen", [[], ["conv*"]])
def test_a_checkpoint_is_evaluated_with_the_weights_that_it_was_kept_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frozen: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text(CONFIG)
    config = TrainingConfig.from_yaml("config.yaml")
    config.model.freeze_layers = frozen
    train(config)
    (kept,) = Path("run").glob("checkpoint-*")
    measured = json.loads((kept / "manifest.json").read_text())["metrics"]["eval_loss"]
    config.training.output_dir = str(kept)
    assert evaluate(config).metrics["loss"] == pytest.approx(measured, rel=1e-5)


def test_a_run_without_a_final_model_is_used_with_its_average(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text(CONFIG)
    config = TrainingConfig.from_yaml("config.yaml")
    final = train(config).model.state_dict()
    Path("run/model.safetensors").unlink()
    Path("run/config.json").unlink()
    loaded, folder = load_trained_model(config)
    assert folder.name == "checkpoint-8"
    for name, weight in loaded.state_dict().items():
        torch.testing.assert_close(weight, final[name])


def test_of_a_checkpoint_a_predictor_has_the_average_and_from_pretrained_the_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text(CONFIG)
    config = TrainingConfig.from_yaml("config.yaml")
    average = train(config).model.state_dict()
    config.training.output_dir = "run/checkpoint-8"
    used = Predictor.load(config).model.state_dict()
    resumed = CNNClassifier.from_pretrained("run/checkpoint-8").state_dict()
    final = CNNClassifier.from_pretrained("run").state_dict()
    for name, weight in average.items():
        torch.testing.assert_close(used[name], weight)
        torch.testing.assert_close(final[name], weight)
    assert any(not used[name].equal(weight) for name, weight in resumed.items())
