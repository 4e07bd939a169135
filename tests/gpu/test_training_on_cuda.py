"""Training on a GPU: what the CPU tests show, on the device that it is meant for."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import nn

from oumi_runtime.core.configs import ParameterGroupParams, TrainingConfig
from oumi_runtime.core.registry import REGISTRY, RegistryType, register
from oumi_runtime.evaluate import evaluate
from oumi_runtime.finding import find_batch_size
from oumi_runtime.models import MLPEncoder
from oumi_runtime.train import train

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"  # read when CUDA is first used


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    yield
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.deterministic = False


CONFIG = """
model:
  model_name: CnnClassifier
  model_kwargs: {image_width: 28, image_height: 28, in_channels: 1}
data:
  train:
    datasets:
      - {dataset_name: digits, split: train, dataset_kwargs: {image_size: 28}}
  validation:
    datasets:
      - {dataset_name: digits, split: validation, dataset_kwargs: {image_size: 28}}
training:
  per_device_train_batch_size: 64
  per_device_eval_batch_size: 180
  learning_rate: 1e-3
  max_steps: 200
  logging_steps: 1
  save_steps: 50
  eval_strategy: epoch
  metrics_function: classification
"""

# Without dropout, whose numbers a graph draws in another order.
TEXTS = """
model: {model_name: MLPEncoder, model_kwargs: {input_dim: 500, hidden_dim: 64}}
data:
  train:
    datasets: [{dataset_name: stdlib_docstrings, split: train}]
  validation:
    datasets: [{dataset_name: stdlib_docstrings, split: validation}]
training: {learning_rate: 1e-3, max_steps: 90, logging_steps: 1, save_steps: 45}
"""


class Waiting(MLPEncoder):
    """Drops units out, and waits for the GPU, which no graph can."""

    allocated: ClassVar[list[int]] = []

    def __init__(self, input_dim: int, hidden_dim: int) -> None:
        super().__init__(input_dim=input_dim, hidden_dim=hidden_dim)
        self.embedding = nn.Sequential(self.embedding, nn.Dropout(0.1))

    def forward(self, input_ids: torch.Tensor, **others: Any) -> dict[str, Any]:
        self.allocated.append(torch.cuda.memory_allocated())
        assert int(input_ids.max()) >= 0
        return super().forward(input_ids, **others)


def run(output: Path, text: str = CONFIG, **training: object) -> dict[int, float]:
    with REGISTRY.isolated():
        config = TrainingConfig.from_str(text)
        config.training.output_dir = str(output)
        for name, value in training.items():
            setattr(config.training, name, value)
        train(config)
        assert evaluate(config).num_samples > 100
    rows = [
        json.loads(line) for line in (output / "metrics.jsonl").read_text().splitlines()
    ]
    return {row["step"]: row["loss"] for row in rows if "loss" in row}


@pytest.mark.parametrize("precision", ["none", "bf16", "fp16"])
def test_it_learns_in_every_precision(tmp_path: Path, precision: str) -> None:
    losses = list(run(tmp_path, mixed_precision_dtype=precision).values())
    assert sum(losses[-10:]) < 0.2 * sum(losses[:10])


def test_going_on_from_a_checkpoint_is_exact(tmp_path: Path) -> None:
    # On a GPU a convolution's gradient is summed in an order of its own otherwise.
    straight = run(tmp_path / "straight", full_determinism=True)
    resumed = run(
        tmp_path / "resumed",
        full_determinism=True,
        resume_from_checkpoint=str(tmp_path / "straight" / "checkpoint-100"),
    )
    assert resumed == {step: straight[step] for step in range(101, 201)}


def test_both_trainers_give_the_same_losses(tmp_path: Path) -> None:
    exact = {"max_steps": 20, "full_determinism": True}
    native = run(tmp_path / "native", **exact)
    hf = run(tmp_path / "hf", trainer_type="HF", **exact)
    assert list(hf.values()) == pytest.approx(list(native.values()), abs=1e-3)


@pytest.mark.parametrize("cuda_graphs", ["off", "auto"])
def test_the_log_says_what_the_time_went_to(tmp_path: Path, cuda_graphs: str) -> None:
    run(
        tmp_path,
        include_performance_metrics=True,
        cuda_graphs=cuda_graphs,
        logging_steps=50,
    )
    rows = [
        json.loads(line)
        for line in (tmp_path / "metrics.jsonl").read_text().splitlines()
    ]
    shares = [row for row in rows if "loss" in row]
    assert len(shares) == 4
    for row in shares:
        assert row["data_time_share"] > 0
        assert row["host_time_share"] > 0
        assert 0 < row["device_time_share"] <= 1


@pytest.mark.parametrize("changed", [{"cuda_graphs": "on"}, {"data_on_device": "on"}])
def test_what_makes_it_faster_changes_no_loss(tmp_path: Path, changed) -> None:
    slow = {"cuda_graphs": "off", "data_on_device": "off"}
    expected = run(tmp_path / "slow", TEXTS, **slow)
    found = run(tmp_path / "fast", TEXTS, **{**slow, **changed})
    assert list(found.values()) == pytest.approx(list(expected.values()), abs=1e-4)


def test_going_on_with_captured_steps_is_exact(tmp_path: Path) -> None:
    straight = run(tmp_path / "straight", TEXTS, cuda_graphs="on")
    checkpoint = str(tmp_path / "straight" / "checkpoint-45")
    resumed = run(
        tmp_path / "resumed", TEXTS, cuda_graphs="on", resume_from_checkpoint=checkpoint
    )
    assert list(resumed.values()) == pytest.approx(
        [straight[step] for step in range(46, 91)], abs=1e-5
    )


def test_groups_with_rates_of_their_own_are_captured_rightly(tmp_path: Path) -> None:
    group = ParameterGroupParams(parameters=["fc2*"], learning_rate=1e-2)
    rates = {"warmup_steps": 60, "parameter_groups": [group]}
    expected = run(tmp_path / "slow", TEXTS, cuda_graphs="off", **rates)
    found = run(tmp_path / "fast", TEXTS, cuda_graphs="on", **rates)
    assert list(found.values()) == pytest.approx(list(expected.values()), abs=1e-4)


def test_a_model_that_cannot_be_captured_trains_on_as_it_would(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def losses(cuda_graphs: str) -> dict[int, float]:
        with REGISTRY.isolated():
            register("Waiting", RegistryType.MODEL)(Waiting)
            text = TEXTS.replace("MLPEncoder", "Waiting")
            output = tmp_path / cuda_graphs
            return run(output, text, cuda_graphs=cuda_graphs, data_on_device="off")

    expected = losses("off")
    with caplog.at_level("WARNING", "oumi_runtime"):
        Waiting.allocated.clear()
        found = losses("on")
    assert "cuda_graphs: off, the capture failed" in caplog.text
    assert list(found.values()) == pytest.approx(list(expected.values()), abs=1e-5)
    # A batch takes more than 0.1 MB; all would be kept where the allocator still waits.
    assert Waiting.allocated[85] < Waiting.allocated[25] + 2**20


def test_the_search_for_a_batch_size_ends_where_the_gpu_is_full() -> None:
    text = CONFIG.replace("28", "64")
    total = torch.cuda.get_device_properties(0).total_memory
    limit = torch.cuda.memory_reserved() + 400 * 2**20
    torch.cuda.set_per_process_memory_fraction(limit / total)
    try:
        with REGISTRY.isolated():
            found = find_batch_size(TrainingConfig.from_str(text), smallest=16)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert found.ended_by.endswith("do not fit in memory")
    peaks = [each.peak_bytes for each in found.tried]
    assert peaks == sorted(peaks)
    assert peaks[-1] < limit
