"""What a user registers beside models takes effect in a training that names it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.exceptions import RegisteredValueError
from oumi_runtime.train import train

PARTS = """
from torch.optim import SGD
from torch.optim.lr_scheduler import StepLR

from oumi_runtime.core.registry import RegistryType, register
from oumi_runtime.core.trainers.callbacks import TrainingCallback
from oumi_runtime.core.trainers.oumi_trainer import Trainer


@register("Halved", RegistryType.OPTIMIZER)
def halved(parameters, params):
    return SGD(parameters, lr=params.learning_rate / 2)


@register("Stairs", RegistryType.LR_SCHEDULER)
def stairs(optimizer, params, num_training_steps):
    size = num_training_steps // params.lr_scheduler_kwargs["stairs"]
    return StepLR(optimizer, step_size=size, gamma=0.1)


@register("Always", RegistryType.METRICS_FUNCTION)
def always(predictions):
    return {"always": 7.0}


@register("Diary", RegistryType.CALLBACK)
class Diary(TrainingCallback):
    def __init__(self, config):
        self.path = config.training.output_dir + "/diary.txt"

    def on_step_end(self, state):
        with open(self.path, "a") as file:
            file.write(f"step {state.global_step}\\n")

    def on_log(self, state, metrics):
        metrics["pages"] = float(state.global_step)


@register("Signed", RegistryType.TRAINER)
class Signed(Trainer):
    def save_model(self, output_dir):
        super().save_model(output_dir)
        with open(f"{output_dir}/signature.txt", "w") as file:
            file.write(type(self).__name__)


@register("NoTrainer", RegistryType.TRAINER)
def no_trainer(parts):
    return 3


@register("NoCallback", RegistryType.CALLBACK)
def no_callback(config):
    return 3
"""

CONFIG = """
model:
  model_name: CnnClassifier
  model_kwargs: {image_width: 8, image_height: 8, in_channels: 1, kernel_size: 2}
data:
  train:
    datasets: [{dataset_name: digits, split: train, sample_count: 64}]
  validation:
    datasets: [{dataset_name: digits, split: validation, sample_count: 16}]
training:
  trainer_type: signed
  callbacks: [diary]
  optimizer: halved
  lr_scheduler_type: stairs
  lr_scheduler_kwargs: {stairs: 2}
  metrics_function: always
  learning_rate: 0.2
  per_device_train_batch_size: 16
  max_steps: 4
  logging_steps: 1
  eval_strategy: epoch
  save_steps: 0
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TrainingConfig]:
    (tmp_path / "oumi_requirements.txt").write_text("parts.py\n")
    (tmp_path / "parts.py").write_text(PARTS)
    (tmp_path / "config.yaml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    with REGISTRY.isolated():
        yield TrainingConfig.from_yaml("config.yaml")


def test_each_of_them_does_its_part(config: TrainingConfig) -> None:
    result = train(config)

    lines = (result.output_dir / "metrics.jsonl").read_text().splitlines()
    logged = [row for row in map(json.loads, lines) if "learning_rate" in row]
    rates = [row["learning_rate"] for row in logged]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.01])
    assert result.metrics["eval_always"] == 7.0
    assert (result.output_dir / "signature.txt").read_text() == "Signed"
    diary = (result.output_dir / "diary.txt").read_text()
    assert diary == "step 1\nstep 2\nstep 3\nstep 4\n"
    assert [row["pages"] for row in logged] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        (
            "trainer_type",
            "NoTrainer",
            "the trainer 'NoTrainer' returned an object of type int, not",
        ),
        (
            "callbacks",
            ["NoCallback"],
            "the callback 'NoCallback' returned an object of type int",
        ),
    ],
)
def test_what_makes_something_else_is_named(
    config: TrainingConfig, field: str, value: object, sentence: str
) -> None:
    setattr(config.training, field, value)

    with pytest.raises(RegisteredValueError, match=sentence):
        train(config)
