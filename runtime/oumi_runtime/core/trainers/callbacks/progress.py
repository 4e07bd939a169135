"""The log lines, the progress bar and the metrics file of a training run."""

import json
import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from oumi_runtime.core.files import free_bytes, is_disk_full, write_whole
from oumi_runtime.core.log import logger
from oumi_runtime.core.trainers.callbacks import TrainingCallback, TrainingState
from oumi_runtime.exceptions import DiskFullError

if TYPE_CHECKING:
    from rich.progress import Progress


class MetricsFile(TrainingCallback):
    """Appends what is logged to a file, one JSON object a line."""

    def __init__(self, path: Path) -> None:
        """Initializes the callback with the path; its folder must exist."""
        self._path = path

    def on_train_begin(self, state: TrainingState) -> None:
        """Drops lines after the checkpoint that a run resumes from."""
        lines = []
        if self._path.exists() and state.global_step > 0:
            text = self._path.read_text(encoding="utf-8", errors="replace")
            for line in text.splitlines():
                if _step_of(line) <= state.global_step:
                    lines.append(line + "\n")
        write_whole(self._path, "".join(lines))

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


class ProgressReport(TrainingCallback):
    """Logs a line for each event, and shows a bar where stderr is a terminal."""

    def __init__(self) -> None:
        """Creates the bar if stderr is a terminal."""
        self._bar: Progress | None = None
        if sys.stderr.isatty():
            # Imported here, because most trainings have no terminal.
            from oumi_runtime.core.trainers.callbacks.progress_bar import build_bar

            self._bar = build_bar()
            self._task = self._bar.add_task("training")
        self._last_shown = 0.0

    def on_train_begin(self, state: TrainingState) -> None:
        """Starts the bar."""
        if self._bar is not None:
            self._bar.start()
            self._bar.update(
                self._task, total=state.total_steps, completed=state.global_step
            )

    def on_step_end(self, state: TrainingState) -> None:
        """Moves the bar, at most ten times a second."""
        if self._bar is not None and time.monotonic() - self._last_shown > 0.1:
            self._last_shown = time.monotonic()
            self._bar.update(self._task, completed=state.global_step)

    def on_log(self, state: TrainingState, metrics: dict[str, float]) -> None:
        """Logs the metrics in one line."""
        values = "  ".join(f"{name} {_short(v)}" for name, v in metrics.items())
        self._show(
            f"step {state.global_step}/{state.total_steps}  "
            f"epoch {state.exact_epoch:.2f}  {values}"
        )

    def on_save(self, state: TrainingState, path: Path) -> None:
        """Logs where the checkpoint is."""
        self._show(f"step {state.global_step}/{state.total_steps}  saved {path}")

    def on_train_end(self, state: TrainingState) -> None:
        """Removes the bar."""
        if self._bar is not None:
            self._bar.stop()

    def _show(self, line: str) -> None:
        if self._bar is not None:
            # Only output printed through the bar's console stays above it.
            self._bar.console.print(line, highlight=False, markup=False)
        else:
            logger.info(line)


def _step_of(line: str) -> float:
    """Returns the step of a line; infinity if the line is malformed.

    The last line of a killed process may be incomplete.
    """
    try:
        return float(json.loads(line)["step"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return math.inf


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
