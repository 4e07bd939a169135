"""The metrics of a training run in a file, `metrics.jsonl`."""

import json
import math
from pathlib import Path

from oumi_runtime.core.files import free_bytes, is_disk_full, write_whole
from oumi_runtime.core.trainers.callbacks import TrainingCallback, TrainingState
from oumi_runtime.exceptions import DiskFullError


class MetricsFile(TrainingCallback):
    """Appends what is logged to a file, one JSON object a line."""

    def __init__(self, path: Path) -> None:
        """Initializes the callback with the path; its folder must exist."""
        self._path = path
        self._num_lines: int | None = None

    def on_train_begin(self, state: TrainingState) -> None:
        """Drops lines from after the checkpoint that a run resumes from.

        One may be of the same step: a run that is stopped logs its last steps, which a
        resumed one logs with those that follow.
        """
        lines = []
        if self._path.exists() and state.global_step > 0:
            text = self._path.read_text(encoding="utf-8", errors="replace")
            for line in text.splitlines()[: self._num_lines]:
                if _step_of(line) <= state.global_step:
                    lines.append(line + "\n")
        write_whole(self._path, "".join(lines))
        self._num_lines = len(lines)

    def on_log(self, state: TrainingState, metrics: dict[str, float]) -> None:
        """Appends one line."""
        row = {"step": state.global_step, "epoch": state.exact_epoch, **metrics}
        line = json.dumps(row) + "\n"
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            if not is_disk_full(error):
                raise
            free = free_bytes(self._path.parent)
            raise DiskFullError(self._path, len(line), free) from error
        self._num_lines = (self._num_lines or 0) + 1

    def state_dict(self) -> dict[str, int | None]:
        """Returns the number of lines."""
        return {"num_lines": self._num_lines}

    def load_state_dict(self, state: dict[str, int | None]) -> None:
        """Restores what `state_dict` returned."""
        self._num_lines = state["num_lines"]


def _step_of(line: str) -> float:
    """Returns the step of a line; infinity if the line is malformed.

    The last line of a killed process may be incomplete.
    """
    try:
        return float(json.loads(line)["step"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return math.inf
