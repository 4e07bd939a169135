"""Two processes give what one process gives with as many samples a step."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

CONFIG = """
model:
  model_name: MLPEncoder
  model_kwargs: {input_dim: 500, hidden_dim: 16}
data:
  train:
    datasets: [{dataset_name: stdlib_docstrings, split: train, sample_count: 97}]
  validation:
    datasets: [{dataset_name: stdlib_docstrings, split: validation, sample_count: 33}]
training:
  per_device_train_batch_size: 8
  per_device_eval_batch_size: 8
  num_train_epochs: 3
  learning_rate: 1e-2
  logging_steps: 1
  save_steps: 5
  eval_strategy: epoch
  metrics_function: classification
"""


def run(folder: Path, processes: int, *overrides: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "config.yaml").write_text(CONFIG)
    launcher = ["-m", "torch.distributed.run", "--standalone"]
    launcher += ["--nproc-per-node", str(processes)]
    command = [sys.executable, *(launcher if processes > 1 else [])]
    command += ["-m", "oumi_runtime.train", "-c", str(folder / "config.yaml")]
    command += ["--training.output_dir", str(folder / "output"), *overrides]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("training MLPEncoder on cpu") == 1
    return folder / "output"


def rows(output: Path, name: str) -> list[float]:
    lines = (output / "metrics.jsonl").read_text().splitlines()
    return [row[name] for row in map(json.loads, lines) if name in row]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """97 samples, 16 a step: the last step of an epoch has one sample."""
    folder = tmp_path_factory.mktemp("alone") / "run"
    return run(folder, 1, "--training.per_device_train_batch_size", "16")


def assert_same_run(output: Path, alone: Path) -> None:
    for name in ("loss", "eval_loss", "eval_accuracy"):
        assert rows(output, name) == pytest.approx(rows(alone, name), abs=1e-5)
    expected = load_file(alone / "model.safetensors")
    for name, weight in load_file(output / "model.safetensors").items():
        assert (weight - expected[name]).abs().max() < 1e-4, name


@pytest.mark.parametrize("accumulation", [1, 2])
def test_two_processes_give_the_run_of_one(tmp_path, alone, accumulation) -> None:
    output = run(
        tmp_path / "run",
        2,
        "--training.gradient_accumulation_steps",
        str(accumulation),
        "--training.per_device_train_batch_size",
        str(8 // accumulation),
    )
    assert_same_run(output, alone)


def test_two_processes_go_on_from_a_checkpoint(tmp_path, alone) -> None:
    run(tmp_path / "run", 2, "--training.max_steps", "10")
    first = rows(tmp_path / "run" / "output", "loss")
    resume = ["--training.try_resume_from_last_checkpoint", "true"]
    longer = ["--training.force_resume", "true"]  # There are more steps than before.
    output = run(tmp_path / "run", 2, *resume, *longer)
    assert len(first) == 10
    assert len(rows(output, "loss")) == 21


@pytest.mark.parametrize(
    "sharding",
    [
        ["--fsdp.auto_wrap_policy", "SIZE_BASED_WRAP", "--fsdp.min_num_params", "100"],
        pytest.param(
            ["--fsdp.sharding_strategy", "SHARD_GRAD_OP"], marks=pytest.mark.slow
        ),
    ],
    ids=["full", "gradients"],
)
def test_two_processes_with_shards_give_the_run_of_one(
    tmp_path, alone, sharding
) -> None:
    sharding = ["--fsdp.enable_fsdp", "true", *sharding]
    whole = run(tmp_path / "whole", 2, *sharding)
    assert_same_run(whole, alone)
    output = run(
        tmp_path / "whole",
        2,
        *sharding,
        "--training.resume_from_checkpoint",
        str(whole / "checkpoint-10"),
    )
    assert_same_run(output, alone)


@pytest.mark.slow
def test_two_processes_stream_the_run_of_one(tmp_path) -> None:
    size = "--training.per_device_train_batch_size"
    shuffled = ["--data.train.stream", "true", "--data.validation.stream", "true"]
    shuffled += ["--data.train.datasets[0].shuffle", "true"]
    one = run(tmp_path / "one", 1, size, "16", *shuffled)
    workers = ["--training.dataloader_num_workers", "1"]
    two = run(tmp_path / "two", 2, *shuffled, *workers)
    assert_same_run(two, one)
