"""The events beside a training loop.

A trainer calls each of its callbacks at each event. A callback changes nothing in the
training, but may ask for something in `state.requests`.
"""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Requests:
    """What is asked of the trainer once the running step is done."""

    log: bool = False
    """Whether to log."""
    evaluate: bool = False
    """Whether to evaluate."""
    save: bool = False
    """Whether to save a checkpoint."""
    stop: str | None = None
    """Why to end the training, in words; None to go on."""
    hurry: bool = False
    """Whether the end cannot wait for an evaluation, which is left for later."""


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
    requests: Requests = field(default_factory=Requests, repr=False)
    """What callbacks ask for; no part of a checkpoint."""

    def count_step(self) -> None:
        """Counts one more step."""
        self.global_step += 1
        self.step_in_epoch += 1

    def state_dict(self) -> dict[str, int]:
        """The numbers, to be kept in a checkpoint."""
        fields = dataclasses.fields(self)
        return {f.name: getattr(self, f.name) for f in fields if f.name != "requests"}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Takes over how far a checkpoint was; the totals stay as they are."""
        self.global_step = state["global_step"]
        self.epoch = state["epoch"]
        self.step_in_epoch = state["step_in_epoch"]

    @property
    def is_over(self) -> bool:
        """Whether the last step is done, or somebody asked to stop."""
        return self.global_step >= self.total_steps or self.requests.stop is not None

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

    def on_eval_batch(self, state: TrainingState) -> None:
        """A batch of an evaluation during the training is next, in every process."""

    def on_log(self, state: TrainingState, metrics: dict[str, float]) -> None:
        """The metrics of the steps since the last log, or an evaluation, are known."""

    def on_save_begin(self, state: TrainingState) -> None:
        """A checkpoint is about to be made; an error keeps it from being made."""

    def on_save(self, state: TrainingState, path: Path) -> None:
        """A checkpoint is whole on the disk."""

    def on_train_end(self, state: TrainingState) -> None:
        """The training has ended, also by an error."""

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps of it: plain values and tensors, by name."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes over what `state_dict` returned, before a resumed training begins."""
