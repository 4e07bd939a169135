"""A signal that reaches one process alone stops all of them after the same step."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = '''
import os
import signal

from oumi_runtime.core.distributed import get_rank
from oumi_runtime.core.registry import RegistryType, register
from oumi_runtime.core.trainers.callbacks import TrainingCallback


@register("signal_one", RegistryType.CALLBACK)
class SignalOne(TrainingCallback):
    """Sends a signal to one process alone, once."""

    def __init__(self, config) -> None:
        self.is_due = os.environ.get("SIGNALLED") == str(get_rank())
        self.phase = os.environ.get("PHASE")

    def on_step_end(self, state) -> None:
        self.send(state, "step", 7)

    def on_eval_batch(self, state) -> None:
        self.send(state, "evaluation", 10)

    def send(self, state, phase, step) -> None:
        if self.is_due and phase == self.phase and state.global_step == step:
            self.is_due = False
            os.kill(os.getpid(), signal.SIGTERM)
'''
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
  output_dir: run
  per_device_train_batch_size: 8
  max_steps: 20
  logging_steps: 1
  eval_strategy: steps
  eval_steps: 10
  callbacks: [signal_one]
  try_resume_from_last_checkpoint: true
  telemetry: {telemetry_dir: null}
"""


def train(folder: Path, output: str, **environment: str) -> str:
    """Trains in two processes; returns what they wrote."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", "-m", "oumi_runtime.train"]
    command += ["-c", "config.yaml", "--training.output_dir", output]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
        | {"OUMI_EXTRA_DEPS_FILE": str(folder / "oumi_requirements.txt")}
        | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which `untouched` has been trained to the end."""
    made = tmp_path_factory.mktemp("together")
    (made / "signal_one.py").write_text(PROJECT)
    (made / "oumi_requirements.txt").write_text("signal_one.py\n")
    (made / "config.yaml").write_text(CONFIG)
    train(made, "untouched")
    return made


def losses(output: Path) -> list[dict[str, float]]:
    rows = map(json.loads, (output / "metrics.jsonl").read_text().splitlines())
    return [
        {k: v for k, v in row.items() if "loss" in k or k == "step"} for row in rows
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rank", "phase", "step"), [("1", "step", 7), ("1", "evaluation", 10)]
)
def test_all_stop_after_the_same_step_and_go_on_exactly(
    folder: Path, rank: str, phase: str, step: int
) -> None:
    output = f"{phase}-{rank}"
    log = train(folder, output, SIGNALLED=rank, PHASE=phase)
    sentence = f"stopped after step {step} by SIGTERM; saved {output}/checkpoint-{step}"
    assert log.count(sentence) == 2, log
    assert [path.name for path in (folder / output).glob("checkpoint-*")] == [
        f"checkpoint-{step}"
    ]
    train(folder, output)
    weights = [folder / name / "model.safetensors" for name in (output, "untouched")]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    assert losses(folder / output) == losses(folder / "untouched")
