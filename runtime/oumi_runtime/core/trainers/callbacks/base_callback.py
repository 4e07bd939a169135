"""The callback interface.

A trainer calls each of its callbacks at each event. A callback does not change the
training itself, but may request something through `state.requests`.
"""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Requests:
    """Requests to the trainer, handled once the current step is done.

    What one process requests is done by all.
    """

    log: bool = False
    """Whether to log."""
    evaluate: bool = False
    """Whether to evaluate."""
    save: bool = False
    """Whether to save a checkpoint."""
    stop: str | None = None
    """The reason to stop the training; None to continue."""
    hurry: bool = False
    """Whether to stop without finishing an evaluation, which is postponed."""
    cuts_short: bool = False
    """Whether a run that stops before its last step is to be resumed."""
    signal: int = 0
    """The signal that has asked to stop; 0 for none."""


@dataclass
class TrainingState:
    """The progress of a training run."""

    total_steps: int
    """Optimizer steps of the whole training."""
    steps_per_epoch: int
    """Optimizer steps of one epoch."""
    global_step: int = 0
    """Optimizer steps done."""
    epoch: int = 0
    """Epochs done."""
    step_in_epoch: int = 0
    """Optimizer steps done in the current epoch."""
    requests: Requests = field(default_factory=Requests, repr=False)
    """Requests from callbacks; not part of a checkpoint."""

    def count_step(self) -> None:
        """Counts one more step."""
        self.global_step += 1
        self.step_in_epoch += 1

    def state_dict(self) -> dict[str, int]:
        """Returns the counters, for a checkpoint."""
        fields = dataclasses.fields(self)
        return {f.name: getattr(self, f.name) for f in fields if f.name != "requests"}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Restores the progress from a checkpoint; the totals are not changed."""
        self.global_step = state["global_step"]
        self.epoch = state["epoch"]
        self.step_in_epoch = state["step_in_epoch"]

    @property
    def is_over(self) -> bool:
        """Whether the last step is done, or a stop was requested."""
        return self.global_step >= self.total_steps or self.requests.stop is not None

    @property
    def is_cut_short(self) -> bool:
        """Whether the training has to be resumed.

        After a signal the run stops at once, even if the last step is done.
        """
        is_done = self.global_step >= self.total_steps
        return self.requests.signal != 0 or (self.requests.cuts_short and not is_done)

    @property
    def exact_epoch(self) -> float:
        """Epochs done, including the fraction of the current one."""
        return self.epoch + self.step_in_epoch / self.steps_per_epoch


class TrainingCallback:
    """Base class of callbacks; a subclass overrides the events it needs."""

    def on_train_begin(self, state: TrainingState) -> None:
        """Called before the first step, also of a resumed run."""

    def on_step_end(self, state: TrainingState) -> None:
        """Called after each optimizer step."""

    def on_eval_batch(self, state: TrainingState) -> None:
        """Called in every process before each batch of an evaluation."""

    def on_log(self, state: TrainingState, metrics: dict[str, float]) -> None:
        """Called with the metrics of an evaluation, or of steps since the last log.

        What a registered callback adds to `metrics` is logged too.
        """

    def on_save_begin(self, state: TrainingState) -> None:
        """Called before a checkpoint is saved; raising an error prevents it."""

    def on_save(self, state: TrainingState, path: Path) -> None:
        """Called when a checkpoint is completely on disk."""

    def on_train_end(self, state: TrainingState) -> None:
        """Called at the end of the training, also after an error."""

    def state_dict(self) -> dict[str, Any]:
        """Returns the state for a checkpoint: plain values and tensors, by name."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what `state_dict` returned, before a resumed run starts."""
