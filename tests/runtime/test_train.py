"""From a config to a trained model on disk, and back to its metrics."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.models import BaseModel
from oumi_runtime.core.trainers.callbacks import TrainingCallback
from oumi_runtime.evaluate import evaluate
from oumi_runtime.exceptions import (
    ChangedConfigError,
    ConfigError,
    DataError,
    SavedModelError,
)
from oumi_runtime.train import main, train

CONFIG = """
model:
  model_name: CnnClassifier
  model_kwargs: {image_width: 8, image_height: 8, in_channels: 1, kernel_size: 2}
data:
  train:
    datasets: [{dataset_name: digits, split: train}]
  validation:
    datasets: [{dataset_name: digits, split: validation}]
training:
  output_dir: OUTPUT
  per_device_train_batch_size: 64
  per_device_eval_batch_size: 64
  learning_rate: 1e-3
  max_steps: 30
  logging_steps: 5
  save_steps: 10
  eval_strategy: epoch
  metrics_function: classification
"""


class FailingAtOnce(TrainingCallback):
    def on_train_begin(self, state):
        raise ZeroDivisionError


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.replace("OUTPUT", str(tmp_path / "output")))
    return path


@pytest.fixture
def config(config_file: Path) -> TrainingConfig:
    return TrainingConfig.from_yaml(config_file)


def logged(output: Path, name: str = "loss") -> dict[int, float]:
    lines = (output / "metrics.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    return {row["step"]: row[name] for row in rows if name in row}


def test_a_run_leaves_a_complete_record(config, tmp_path) -> None:
    result = train(config)
    output = tmp_path / "output"
    assert result.output_dir == output
    assert result.global_step == 30
    assert result.metrics["eval_accuracy"] == logged(output, "eval_accuracy")[30]
    assert {path.name for path in output.iterdir()} == {
        "checkpoint-10",
        "checkpoint-20",
        "checkpoint-30",
        "config.json",
        "config.yaml",
        "labels.json",
        "metrics.jsonl",
        "model.safetensors",
        "run.json",
        "telemetry",
    }
    assert list(logged(output)) == [5, 10, 15, 20, 25, 30]
    assert TrainingConfig.from_yaml(output / "config.yaml").training == config.training
    record = json.loads((output / "run.json").read_text())
    assert record["seed"] == 42
    assert record["versions"]["torch"] == torch.__version__


def test_the_first_line_says_what_is_trained(config, caplog) -> None:
    with caplog.at_level("INFO", "oumi_runtime"):
        train(config)
    first = caplog.messages[0]
    assert first == (
        "training CnnClassifier on cpu in float32: 31,754 parameters, 1,437 samples, "
        "30 steps"
    )


def test_a_run_goes_on_only_with_the_config_that_it_began_with(config) -> None:
    train(config)
    config.training.try_resume_from_last_checkpoint = True
    config.training.seed = 43
    with pytest.raises(ChangedConfigError, match=r"training\.seed is 42 in the check"):
        train(config)
    config.training.force_resume = True
    assert train(config).global_step == 30


def test_a_finished_run_has_nothing_to_go_on_with(config, caplog) -> None:
    first = train(config)
    config.training.try_resume_from_last_checkpoint = True
    with caplog.at_level("INFO", "oumi_runtime"):
        again = train(config)
    assert "is finished already; there is nothing to do" in caplog.messages[-1]
    assert (again.global_step, again.metrics) == (30, first.metrics)


def test_the_final_model_loads_and_is_the_trained_one(config, tmp_path) -> None:
    result = train(config)
    loaded = BaseModel.from_pretrained(tmp_path / "output")
    for name, weight in result.model.state_dict().items():
        assert torch.equal(weight, loaded.state_dict()[name])


def test_python_and_the_command_line_train_the_same(config_file, tmp_path) -> None:
    train(TrainingConfig.from_yaml(config_file))
    torch.rand(7)
    elsewhere = str(tmp_path / "other")
    assert main(["-c", str(config_file), "--training.output_dir", elsewhere]) == 0
    first = load_file(tmp_path / "output" / "model.safetensors")
    second = load_file(tmp_path / "other" / "model.safetensors")
    for name, weight in first.items():
        assert torch.equal(weight, second[name])


def test_another_seed_trains_another_model(config, tmp_path) -> None:
    train(config)
    first = logged(tmp_path / "output")
    config.training.seed = 43
    train(config)
    assert logged(tmp_path / "output") != first


def test_a_new_run_moves_the_earlier_one_aside(config, tmp_path) -> None:
    train(config)
    mine = tmp_path / "output" / "notes.txt"
    mine.write_text("mine")
    first = (tmp_path / "output" / "metrics.jsonl").read_text()
    config.training.max_steps = 5
    train(config)
    assert mine.read_text() == "mine"
    earlier = tmp_path / "output" / "previous-1"
    assert (earlier / "metrics.jsonl").read_text() == first
    assert (earlier / "checkpoint-30").is_dir()
    assert not (tmp_path / "output" / "checkpoint-30").exists()


def test_a_run_that_got_nowhere_is_replaced(config, tmp_path) -> None:
    output_dir = tmp_path / "output"
    with pytest.raises(ZeroDivisionError):
        train(config, callbacks=(FailingAtOnce(),))
    assert (output_dir / "run.json").exists()
    train(config)
    assert not (output_dir / "previous-1").exists()
    assert len(json.loads((output_dir / "run.json").read_text())["sessions"]) == 1


def test_a_config_beside_no_run_is_moved_aside(config, tmp_path) -> None:
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "config.yaml").write_text("mine")
    train(config)
    moved = tmp_path / "output" / "previous-1" / "config.yaml"
    assert moved.read_text() == "mine"


def test_evaluate_finds_what_training_found(config) -> None:
    trained = train(config)
    result = evaluate(config)
    assert result.split == "validation"
    assert result.num_samples == 180
    assert result.metrics["loss"] == pytest.approx(trained.metrics["eval_loss"])
    assert result.metrics["accuracy"] == trained.metrics["eval_accuracy"]


def test_evaluate_prefers_the_test_split(config_file) -> None:
    train(TrainingConfig.from_yaml(config_file))
    test_split = ["--data.test.datasets[0].dataset_name", "digits"]
    test_split += ["--data.test.datasets[0].split", "test"]
    config = TrainingConfig.from_yaml_and_arg_list(str(config_file), test_split)
    assert evaluate(config).split == "test"


def test_evaluate_takes_the_newest_checkpoint_of_an_unfinished_run(config, tmp_path):
    config.training.save_final_model = False
    train(config)
    assert evaluate(config).model_dir == tmp_path / "output" / "checkpoint-30"


def test_evaluate_without_data_to_measure_on_says_what_to_name(config) -> None:
    config.data.validation.datasets = []
    config.training.eval_strategy = "no"
    with pytest.raises(DataError, match=r"name datasets under data\.test"):
        evaluate(config)


def test_evaluate_without_a_model_says_so(config) -> None:
    with pytest.raises(SavedModelError, match="has no trained model; train it first"):
        evaluate(config)


def test_mistakes_are_found_before_anything_is_written(config, tmp_path) -> None:
    config.data.train.datasets = []
    with pytest.raises(ConfigError, match=r"data\.train"):
        train(config)
    assert not (tmp_path / "output").exists()


def test_a_dataset_that_cannot_be_built_leaves_an_earlier_run_alone(config, tmp_path):
    train(config)
    before = sorted((tmp_path / "output").iterdir())
    config.data.train.datasets[0].split = "trian"
    with pytest.raises(DataError, match="did you mean 'train'"):
        train(config)
    assert sorted((tmp_path / "output").iterdir()) == before


def test_the_program_says_what_is_wrong_in_one_line(config_file, capsys) -> None:
    assert main(["-c", str(config_file), "--training.lerning_rate", "1"]) == 2
    error = capsys.readouterr().err
    assert "argument --training.lerning_rate" in error
    assert "did you mean 'learning_rate'" in error


@pytest.mark.parametrize(
    "trainer_type", ["OUMI", pytest.param("HF", marks=pytest.mark.slow)]
)
def test_a_killed_training_goes_on_from_its_last_checkpoint(
    config_file, tmp_path, trainer_type
) -> None:
    """Killed without warning, then started again by the same command line."""
    output = tmp_path / "output"
    command = [sys.executable, "-m", "oumi_runtime.train", "-c", str(config_file)]
    command += ["--training.max_steps", "400", "--training.logging_steps", "1"]
    command += ["--training.try_resume_from_last_checkpoint", "true"]
    command += ["--training.trainer_type", trainer_type]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)
    deadline = time.monotonic() + 120
    while not (output / "checkpoint-20").exists():
        assert process.poll() is None, "it ended before its second checkpoint"
        assert time.monotonic() < deadline, "no checkpoint came"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    killed = logged(output)

    again = subprocess.run(
        command, capture_output=True, text=True, env=environment, check=False
    )
    assert again.returncode == 0, again.stderr
    assert f"resuming from {output}/checkpoint-" in again.stderr
    resumed = logged(output)
    assert list(resumed) == list(range(1, 401))
    assert {step: resumed[step] for step in killed} == killed
    assert not list(output.glob("previous-*"))
