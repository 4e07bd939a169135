"""Resuming from a checkpoint that is no longer where, or what, it was."""

import json
import shutil
from pathlib import Path

import pytest

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.trainers.checkpoints.manifest import (
    MANIFEST_FILENAME,
    Manifest,
    read_manifest,
    seal,
)
from oumi_runtime.core.trainers.checkpoints.snapshot import Snapshot
from oumi_runtime.train import train

CONFIG = """
model: {model_name: MLPEncoder, model_kwargs: {input_dim: 300, hidden_dim: 8}}
data:
  train:
    datasets: [{dataset_name: stdlib_docstrings, split: train, sample_count: 97}]
training: {max_steps: 8, save_steps: 4, telemetry: {telemetry_dir: null}}
"""


def trained(folder: Path, **settings: object) -> bytes:
    config = TrainingConfig.from_str(CONFIG)
    config.training.output_dir = str(folder)
    for name, value in settings.items():
        setattr(config.training, name, value)
    train(config)
    return (folder / "model.safetensors").read_bytes()


@pytest.fixture
def whole(tmp_path) -> bytes:
    """The weights of a run that was never interrupted; it is in `run`."""
    return trained(tmp_path / "run")


def test_a_checkpoint_that_was_copied_needs_nothing_else(tmp_path, whole) -> None:
    copy = tmp_path / "elsewhere" / "kept"
    shutil.copytree(tmp_path / "run" / "checkpoint-4", copy)
    shutil.rmtree(tmp_path / "run")
    resumed = trained(tmp_path / "new", resume_from_checkpoint=str(copy))
    assert resumed == whole
    for name in ("tokenizer.json", "labels.json"):
        assert (tmp_path / "new" / name).read_bytes() == (copy / name).read_bytes()


def _rewritten(checkpoint: Path, change) -> None:
    """Changes the files of a checkpoint, by name, and seals it again."""
    manifest = read_manifest(checkpoint)
    files = {name: (checkpoint / name).read_bytes() for name in manifest.files}
    change(files)
    shutil.rmtree(checkpoint)
    checkpoint.mkdir()
    records = Snapshot(manifest.step, files).write_to(checkpoint)
    seal(checkpoint, Manifest(manifest.step, records))
    assert (checkpoint / MANIFEST_FILENAME).exists()


def test_one_without_the_tokenizer_finds_it_in_its_output_folder(
    tmp_path, whole
) -> None:
    checkpoint = tmp_path / "run" / "checkpoint-4"

    def forget(files: dict[str, bytes]) -> None:
        del files["tokenizer.json"], files["labels.json"]

    _rewritten(checkpoint, forget)
    resumed = trained(tmp_path / "new", resume_from_checkpoint=str(checkpoint))
    assert resumed == whole


def test_a_field_that_a_checkpoint_does_not_know_has_its_default(
    tmp_path, whole
) -> None:
    """As after an upgrade, which adds fields."""
    checkpoint = tmp_path / "run" / "checkpoint-4"

    def forget(files: dict[str, bytes]) -> None:
        saved = json.loads(files["run_config.json"])
        del saved["config"]["training"]["ema_decay"]
        del saved["config"]["data"]["train"]["datasets"][0]["shuffle"]
        del saved["processes"]
        files["run_config.json"] = json.dumps(saved).encode()

    _rewritten(checkpoint, forget)
    resumed = trained(tmp_path / "new", resume_from_checkpoint=str(checkpoint))
    assert resumed == whole


def test_a_finished_run_stays_finished_after_an_upgrade(tmp_path, whole) -> None:
    record = tmp_path / "run" / "run.json"
    content = json.loads(record.read_text())
    del content["config"]["training"]["ema_decay"]
    record.write_text(json.dumps(content))
    again = trained(tmp_path / "run", try_resume_from_last_checkpoint=True)
    assert again == whole
    assert len(json.loads(record.read_text())["sessions"]) == 1
