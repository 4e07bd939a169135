"""Local telemetry: step times and GPU state, in a file on this machine."""

import json
import statistics
import time
from array import array
from pathlib import Path
from typing import Any

import torch

from oumi_runtime.core.log import logger
from oumi_runtime.core.trainers.callbacks import TrainingCallback, TrainingState


class Telemetry(TrainingCallback):
    """Times every step, and reads the GPU's memory and temperature at each log."""

    def __init__(self, path: Path, *, track_gpu_temperature: bool) -> None:
        """Initializes the callback.

        Args:
            path: The JSON file to write at the end; its folder is created.
            track_gpu_temperature: Whether to read it at each log.
        """
        self._path = path
        self._track_gpu_temperature = track_gpu_temperature
        # A list of floats takes four times the memory, which counts in long runs.
        self._step_seconds = array("d")
        self._gpu: list[dict[str, Any]] = []
        self._last = time.perf_counter()

    def on_train_begin(self, state: TrainingState) -> None:
        """Starts the clock."""
        self._last = time.perf_counter()

    def on_step_end(self, state: TrainingState) -> None:
        """Records the host's time since the last step; the device may lag behind."""
        now = time.perf_counter()
        self._step_seconds.append(now - self._last)
        self._last = now

    def on_log(self, state: TrainingState, metrics: dict[str, float]) -> None:
        """Reads the GPU's state, if there is a GPU."""
        if torch.cuda.is_available():
            reading: dict[str, Any] = {
                "step": state.global_step,
                "max_memory_bytes": torch.cuda.max_memory_allocated(),
            }
            if (temperature := self._temperature()) is not None:
                reading["temperature_celsius"] = temperature
            self._gpu.append(reading)

    def _temperature(self) -> int | None:
        if not self._track_gpu_temperature:
            return None
        try:
            return torch.cuda.temperature()
        except Exception as error:  # NVML's own, or its package is missing.
            self._track_gpu_temperature = False
            logger.warning("the temperature of the GPU is not recorded: %s", error)
            return None

    def on_train_end(self, state: TrainingState) -> None:
        """Writes the file."""
        seconds = sorted(self._step_seconds) or [0.0]
        summary = {
            "steps": len(self._step_seconds),
            "step_seconds": {
                "total": sum(seconds),
                "median": statistics.median(seconds),
                "p99": seconds[int(0.99 * (len(seconds) - 1))],
                "max": seconds[-1],
            },
            "gpu": self._gpu,
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
