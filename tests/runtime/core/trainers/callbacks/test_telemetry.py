"""Telemetry records what can be read of a GPU, and never ends a training."""

import json

import torch

from oumi_runtime.core.trainers.callbacks import TrainingState
from oumi_runtime.core.trainers.callbacks.telemetry import Telemetry


def test_a_temperature_that_cannot_be_read_is_said_once(
    tmp_path, monkeypatch, caplog
) -> None:
    def temperature() -> int:
        raise ModuleNotFoundError("pynvml does not seem to be installed")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 7)
    monkeypatch.setattr(torch.cuda, "temperature", temperature)
    telemetry = Telemetry(tmp_path / "telemetry.json", track_gpu_temperature=True)
    state = TrainingState(10, 10)
    telemetry.on_train_begin(state)
    for _ in range(2):
        telemetry.on_log(state, {})
    telemetry.on_train_end(state)
    assert caplog.text.count("pynvml does not seem to be installed") == 1
    written = json.loads((tmp_path / "telemetry.json").read_text())
    assert [each["max_memory_bytes"] for each in written["gpu"]] == [7, 7]
