"""Releases the memory that the accelerator holds without using it."""

import torch

from oumi_runtime.core.trainers.callbacks import TrainingCallback, TrainingState


class DeviceCache(TrainingCallback):
    """Releases unused GPU memory every few steps."""

    def __init__(self, every_steps: int) -> None:
        """Initializes the callback with the number of steps between."""
        self._every_steps = every_steps

    def on_step_end(self, state: TrainingState) -> None:
        """Empties the cache if it is due."""
        if state.global_step % self._every_steps == 0:
            empty_device_cache()


def empty_device_cache() -> None:
    """Empties the memory cache of the accelerator, if there is one."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()
