"""The events beside a training loop.

A trainer calls each of its callbacks at each event. A callback changes nothing in the
training.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass
class TrainingState:
    """How far a training is."""

    total_steps: int
    """Optimizer steps that the whole training has."""
    steps_per_epoch: int
    """Optimizer steps of one epoch."""
    global_step: int = 0
    """Optimizer steps done."""
    epoch: int = 0
    """Epochs done."""
    step_in_epoch: int = 0
    """Optimizer steps done in the running epoch."""

    @property
    def exact_epoch(self) -> float:
        """Epochs done, the running one's part included."""
        return self.epoch + self.step_in_epoch / self.steps_per_epoch


class TrainingCallback:
    """Does nothing at each event; a subclass overrides the events that it wants."""

    def on_train_begin(self, state: TrainingState) -> None:
        """The first step is next; `state` says where a resumed training goes on."""

    def on_step_end(self, state: TrainingState) -> None:
        """An optimizer step is done."""

    def on_log(self, state: TrainingState, metrics: dict[str, float]) -> None:
        """The metrics of the steps since the last log, or an evaluation, are known."""

    def on_save(self, state: TrainingState, path: Path) -> None:
        """A checkpoint is whole on the disk."""

    def on_train_end(self, state: TrainingState) -> None:
        """The training has ended, also by an error."""
