"""A process that leaves samples out stays in step with the one that does not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from oumi_runtime.core.trainers.batches.map_batches import epoch_order

NET = """
import torch
from torch import nn

from oumi_runtime.core import registry
from oumi_runtime.core.datasets import BaseMapDataset
from oumi_runtime.core.models import BaseModel


@registry.register("PlainNet", registry.RegistryType.MODEL)
class PlainNet(BaseModel):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, features, labels=None, **kwargs):
        logits = self.layer(features)
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self):
        return nn.functional.cross_entropy


@registry.register_dataset("rows_with_gaps")
class RowsWithGaps(BaseMapDataset):
    def __init__(self, bad, **kwargs) -> None:
        super().__init__(**kwargs)
        features = torch.randn(24, 4, generator=torch.Generator().manual_seed(7))
        self._data = [{"features": row, "labels": row[:3].argmax()} for row in features]
        for index in bad:
            del self._data[index]["features"]

    def transform(self, sample):
        return {"features": sample["features"], "labels": sample["labels"]}
"""
CONFIG = """
model: {{model_name: PlainNet}}
data:
  train:
    datasets: [{{dataset_name: rows_with_gaps, dataset_kwargs: {{bad: {bad}}}}}]
  on_bad_sample: skip
training:
  per_device_train_batch_size: 4
  num_train_epochs: 2
  logging_steps: 1
  eval_strategy: "no"
  telemetry: {{telemetry_dir: null}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Rows of which the second process can use none in the first step."""
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "oumi_requirements.txt").write_text("net.py\n")
    bad = epoch_order(24, 42, 0)[2:5].tolist()
    (tmp_path / "config.yaml").write_text(CONFIG.format(bad=bad))
    return tmp_path


def train(folder: Path, output: str, processes: int, *more: str) -> Path:
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [sys.executable, *(launcher if processes > 1 else [])]
    command += ["-m", "oumi_runtime.train", "-c", "config.yaml"]
    command += ["--training.output_dir", output, *more]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / output


def losses(output: Path) -> list[float]:
    rows = map(json.loads, (output / "metrics.jsonl").read_text().splitlines())
    return [row["loss"] for row in rows if "loss" in row]


@pytest.mark.slow
def test_two_processes_without_some_samples_give_the_run_of_one(folder: Path) -> None:
    alone = train(folder, "alone", 1)
    two = train(
        folder,
        "two",
        2,
        *("--training.per_device_train_batch_size", "2"),
        *("--training.dataloader_num_workers", "1"),
    )
    assert len(losses(alone)) == 12
    assert losses(two) == pytest.approx(losses(alone), abs=1e-5)
    expected = load_file(alone / "model.safetensors")
    for name, weight in load_file(two / "model.safetensors").items():
        torch.testing.assert_close(weight, expected[name], atol=1e-4, rtol=0)
    session = json.loads((alone / "run.json").read_text())["sessions"][-1]
    assert session["bad_samples"]["count"] == 3
