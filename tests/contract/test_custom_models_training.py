"""Training a model does what Oumi's page says, in each of the page's ways."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import page_blocks
import pytest
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader

from oumi_runtime.core.configs import (
    DataParams,
    DatasetParams,
    DatasetSplitParams,
    ModelParams,
    TrainingConfig,
    TrainingParams,
)
from oumi_runtime.core.models import BaseModel
from oumi_runtime.models import MLPEncoder
from oumi_runtime.train import train

USERS_FILE = page_blocks.MODEL_CLASS.replace('"MLPEncoder"', '"MyEncoder"')
WORDS = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
# As printed, the class has a logit for every token, so every token has a label.
TOKENS_CONFIG = """\
model:
  model_name: MyEncoder
  model_kwargs: {input_dim: 20, hidden_dim: 16, output_dim: 20}
data:
  train:
    datasets:
      - dataset_name: npz_file
        dataset_path: tokens.npz
training:
  output_dir: out
  max_steps: 100
  learning_rate: 1e-2
"""


@pytest.fixture
def texts(write: Callable) -> None:
    """A text dataset at the page's path, with labels 0 to 9."""
    rows = [{"text": f"number {WORDS[i % 10]}", "label": i % 10} for i in range(200)]
    lines = "\n".join(map(json.dumps, rows))
    write(
        {
            "path/to/data/train.jsonl": lines,
            "train_config.yaml": page_blocks.TRAINING_CONFIG,
        }
    )


@pytest.fixture
def tokens(project: Path) -> None:
    """Sequences of token ids, each of which is its own label."""
    ids = np.random.RandomState(0).randint(0, 20, (200, 6))
    np.savez(project / "tokens.npz", input_ids=ids, labels=ids)


@pytest.mark.usefixtures("texts")
def test_the_training_config_and_script_run_as_printed(project: Path):
    exec(page_blocks.TRAINING_SCRIPT, {"__name__": "script"})
    model = BaseModel.from_pretrained(project / "outputs/mlp_run")
    assert type(model) is MLPEncoder
    assert model.init_kwargs["hidden_dim"] == 256


@pytest.mark.usefixtures("texts")
def test_the_training_config_says_the_same_when_made_in_python():
    config = TrainingConfig.from_yaml("train_config.yaml")
    assert config.training.learning_rate == 1e-4
    assert isinstance(config.training.learning_rate, float)
    dataset = DatasetParams(
        dataset_name="text_classification", dataset_path="path/to/data", split="train"
    )
    kwargs = {"input_dim": 1000, "hidden_dim": 256, "output_dim": 10}
    assert config == TrainingConfig(
        model=ModelParams(
            model_name="MLPEncoder",
            model_kwargs=kwargs,
            torch_dtype_str="float32",
            device_map="auto",
        ),
        data=DataParams(train=DatasetSplitParams(datasets=[dataset])),
        training=TrainingParams(
            output_dir="outputs/mlp_run",
            num_train_epochs=3,
            learning_rate=1e-4,
            per_device_train_batch_size=32,
        ),
    )


@pytest.mark.usefixtures("texts")
def test_the_printed_training_learns_the_texts_given_time():
    config = TrainingConfig.from_yaml("train_config.yaml")
    config.training.learning_rate = 1e-2
    config.training.num_train_epochs = 5
    config.training.eval_strategy = "epoch"
    config.training.metrics_function = "classification"
    config.data.validation = config.data.train
    assert train(config).metrics["eval_accuracy"] == 1.0


@pytest.mark.usefixtures("tokens")
def test_the_class_as_printed_is_trained_from_the_users_file(
    project: Path, write: Callable
):
    write({"oumi_requirements.txt": "mine.py\n", "mine.py": USERS_FILE})
    result = train(TrainingConfig.from_str(TOKENS_CONFIG))
    ids = torch.arange(20).unsqueeze(0)
    loaded = BaseModel.from_pretrained(project / "out")
    assert type(loaded) is type(result.model)
    assert torch.equal(loaded(input_ids=ids)["logits"].argmax(-1), ids)


@pytest.mark.usefixtures("tokens")
@pytest.mark.parametrize("way", ["list in the project", "list in the environment"])
def test_the_command_line_finds_the_users_file(
    project: Path, write: Callable, python: Callable[..., str], way: str
):
    named = {} if "project" in way else {"OUMI_EXTRA_DEPS_FILE": "lists/mine.txt"}
    listing = named.get("OUMI_EXTRA_DEPS_FILE", "oumi_requirements.txt")
    path = "code/mine.py" if not named else "../code/mine.py"
    write({listing: f"{path}\n", "code/mine.py": USERS_FILE, "c.yaml": TOKENS_CONFIG})
    options = ["-c", "c.yaml", "--json", "--training.max_steps", "3"]
    printed = python("-W", "error", "-m", "oumi_scaffold", "train", *options, **named)
    assert json.loads(printed)["global_step"] == 3
    assert json.loads((project / "out/config.json").read_text())["model_name"] == (
        "MyEncoder"
    )


def test_the_plain_pytorch_loop_runs_as_printed():
    samples = [
        {"input_ids": torch.full((8,), i % 10), "labels": torch.tensor(i % 10)}
        for i in range(400)
    ]
    names: dict[str, Any] = {"MLPEncoder": MLPEncoder, "torch": torch}
    names["dataloader"] = DataLoader(samples, batch_size=16, shuffle=True)  # type: ignore[arg-type]
    torch.manual_seed(0)
    exec(page_blocks.PYTORCH_LOOP, names)
    assert names["loss"].item() < 1.0  # a guess has ln(10) = 2.3


def test_the_trainer_of_transformers_trains_a_model_as_it_is(tmp_path: Path):
    from transformers import Trainer, TrainingArguments

    samples = [
        {"input_ids": torch.full((8,), i % 10), "labels": torch.tensor(i % 10)}
        for i in range(160)
    ]
    torch.manual_seed(0)
    trainer = Trainer(
        model=MLPEncoder(10, 32),
        args=TrainingArguments(
            output_dir=str(tmp_path),
            num_train_epochs=5,
            learning_rate=1e-2,
            use_cpu=True,
            report_to=[],
            save_strategy="no",
            disable_tqdm=True,
        ),
        train_dataset=samples,  # type: ignore[arg-type]
        eval_dataset=samples,  # type: ignore[arg-type]
    )
    trainer.train()
    assert trainer.evaluate()["eval_loss"] < 0.1


def test_pytorchs_distributed_training_takes_a_model_as_it_is():
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    try:
        model = DistributedDataParallel(MLPEncoder(10, 4, 3))
        ids = torch.arange(8).view(4, 2)
        outputs = model(input_ids=ids, labels=torch.tensor([0, 1, 2, 0]))
        outputs["loss"].backward()
        assert all(p.grad is not None for p in model.parameters())
    finally:
        dist.destroy_process_group()


def test_the_notebooks_cnn_trains_on_a_custom_numpy_dataset(
    project: Path, write: Callable
):
    labels = np.arange(120) % 2
    images = np.random.RandomState(0).rand(120, 28, 28).astype(np.float32) / 4
    images[labels == 1, :14] += 0.5
    split = np.where(np.arange(120) < 100, "train", "test")
    np.savez(project / "mine.npz", images=images, labels=labels, split=split)
    write(
        {
            "c.yaml": """\
model:
  model_name: CnnClassifier
  model_kwargs: {image_width: 28, image_height: 28, in_channels: 1, output_dim: 2}
data:
  train:
    datasets: [{dataset_name: npz_file, dataset_path: mine.npz, split: train}]
  validation:
    datasets: [{dataset_name: npz_file, dataset_path: mine.npz, split: test}]
training:
  output_dir: out
  max_steps: 20
  learning_rate: 1e-3
  eval_strategy: epoch
  metrics_function: classification
"""
        }
    )
    result = train(TrainingConfig.from_yaml("c.yaml"))
    assert result.metrics["eval_accuracy"] > 0.9
