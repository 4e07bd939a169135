"""`train --like` makes a run again, bit for bit, or with what the user changes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

CONFIG = """\
model:
  model_name: CnnClassifier  # which has dropout
  model_kwargs: {image_width: 8, image_height: 8, in_channels: 1, kernel_size: 2}
data:
  train:
    datasets: [{dataset_name: digits, split: train}]
training:
  output_dir: first
  per_device_train_batch_size: 32
  max_steps: 12
  save_steps: 5
"""
ON_A_FILE = """\
model: {model_name: MLPEncoder, model_kwargs: {input_dim: 100}}
data:
  train:
    datasets: [{dataset_name: text_classification, dataset_path: texts.jsonl}]
training: {output_dir: texts, max_steps: 2, save_final_model: false}
"""
FASTER = ("--training.learning_rate", "3e-3")


@pytest.fixture
def first(project: Path, run: Callable) -> Path:
    """A run of a config with an override; the config is then gone."""
    (project / "config.yaml").write_text(CONFIG)
    assert run("train", "-c", "config.yaml", *FASTER).exit_code == 0
    (project / "config.yaml").unlink()
    return project


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def test_a_run_is_made_again_bit_for_bit(first: Path, run: Callable) -> None:
    torch.manual_seed(99)  # What this process drew before does not matter.
    done = run("train", "--like", "first", "--json")
    assert done.exit_code == 0, done.err
    assert "not all is as it was" not in done.err
    assert done.document["output_dir"] == "first-2"
    assert weights(first / "first-2") == weights(first / "first")
    again = json.loads((first / "first-2" / "run.json").read_text())
    before = json.loads((first / "first" / "run.json").read_text())
    assert again["config"]["training"].pop("output_dir") == "first-2"
    assert before["config"]["training"].pop("output_dir") == "first"
    assert again["config"] == before["config"]


def test_what_is_laid_over_it_counts(first: Path, run: Callable) -> None:
    seed = ("--training.seed", "5")
    assert run("train", "--like", "first", *seed).exit_code == 0
    assert weights(first / "first-2") != weights(first / "first")
    (first / "config.yaml").write_text(CONFIG.replace("first", "second"))
    assert run("train", "-c", "config.yaml", *FASTER, *seed).exit_code == 0
    assert weights(first / "first-2") == weights(first / "second")


def test_a_run_that_was_stopped_is_made_again_from_the_start(
    first: Path, run: Callable
) -> None:
    (first / "config.yaml").write_text(CONFIG.replace("first", "halves"))
    minutes = ("--training.max_minutes", "0.0000001")
    on = ("train", "-c", "config.yaml", "--auto-resume", *FASTER)
    assert run(*on, *minutes).exit_code == 143
    assert run(*on).exit_code == 0
    assert run("train", "--like", "halves").exit_code == 0
    assert weights(first / "halves") == weights(first / "first")
    assert weights(first / "halves-2") == weights(first / "first")


def test_what_is_no_longer_as_it_was_is_told(first: Path, run: Callable) -> None:
    data = first / "texts.jsonl"
    data.write_text('{"text": "a", "label": 0}\n{"text": "b", "label": 1}\n')
    (first / "config.yaml").write_text(ON_A_FILE)
    assert run("train", "-c", "config.yaml").exit_code == 0
    data.write_text('{"text": "c", "label": 0}\n{"text": "b", "label": 1}\n')
    record = json.loads((first / "texts" / "run.json").read_text())
    record["versions"]["torch"] = "0.4.1"
    record["git"] = {"commit": 40 * "a", "dirty": True}
    (first / "texts" / "run.json").write_text(json.dumps(record))
    done = run("train", "--like", "texts")
    assert done.exit_code == 0, done.err
    assert "the data in texts.jsonl has changed" in done.err
    assert "torch was 0.4.1 and is " in done.err
    assert "had uncommitted changes then" in done.err


def test_a_run_without_a_record_is_made_again_with_a_word(first, run) -> None:
    (first / "first" / "run.json").unlink()
    done = run("train", "--like", "first")
    assert done.exit_code == 0, done.err
    assert "first has no record of what it was made with" in done.err
