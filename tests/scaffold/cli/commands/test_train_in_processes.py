"""`train --nproc-per-node` trains as one process does, and ends as one does."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CONFIG = """\
model: {model_name: MLPEncoder, model_kwargs: {hidden_dim: 16, output_dim: 10}}
data:
  train: {datasets: [{dataset_name: stdlib_docstrings, split: train}]}
  validation: {datasets: [{dataset_name: stdlib_docstrings, split: validation}]}
training:
  output_dir: out
  seed: 1
  per_device_train_batch_size: 8
  max_steps: 8
  logging_steps: 1
  eval_strategy: epoch
  telemetry: {telemetry_dir: null}
"""
TWO = ("--nproc-per-node", "2")


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    (folder / "two.yaml").write_text(CONFIG)
    command = [sys.executable, "-m", "oumi_scaffold", "train", "-c", "two.yaml"]
    return subprocess.Popen(
        [*command, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def losses(folder: Path) -> list[float]:
    lines = (folder / "out" / "metrics.jsonl").read_text().splitlines()
    logged = [json.loads(line) for line in lines]
    return [each["loss"] for each in logged if "loss" in each]


def test_less_than_one_process_is_refused(run: Callable[..., object]) -> None:
    done = run("train", "-c", "two.yaml", "--nproc-per-node", "0")
    assert done.exit_code == 2
    assert "0 is not in the range" in done.err


@pytest.mark.slow
def test_two_processes_have_the_losses_of_one(tmp_path: Path) -> None:
    two, one = tmp_path / "two", tmp_path / "one"
    for folder in (two, one):
        folder.mkdir()
    training = start(two, *TWO, "--json")
    out, err = training.communicate(timeout=120)
    assert training.returncode == 0, err
    found = json.loads(out)
    assert found["global_step"] == 8
    assert found["metrics"].keys() >= {"eval_loss"}
    alone = start(one, "--training.per_device_train_batch_size", "16")
    _, err = alone.communicate(timeout=120)
    assert alone.returncode == 0, err
    assert losses(two) == pytest.approx(losses(one), rel=1e-5)


@pytest.mark.slow
def test_the_exit_code_is_that_of_the_process_that_fails(tmp_path: Path) -> None:
    training = start(tmp_path, *TWO, "--training.output_dir", "/proc/none")
    _, err = training.communicate(timeout=120)
    assert training.returncode == 2
    assert "/proc/none cannot be written to" in err
    assert "Traceback" not in err


@pytest.mark.slow
def test_a_signal_makes_all_of_them_save(tmp_path: Path) -> None:
    training = start(tmp_path, *TWO, "--training.max_steps", "100000")
    assert training.stderr is not None
    for line in training.stderr:
        if line.startswith("step "):
            break
    training.send_signal(signal.SIGTERM)
    _, err = training.communicate(timeout=120)
    assert training.returncode == 143
    assert "resume with --auto-resume" in err
    assert list((tmp_path / "out").glob("checkpoint-*"))
