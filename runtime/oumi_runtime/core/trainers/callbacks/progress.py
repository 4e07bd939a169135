"""The log lines and the progress bar of a training run."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from oumi_runtime.core.log import logger
from oumi_runtime.core.trainers.callbacks import TrainingCallback, TrainingState

if TYPE_CHECKING:
    from rich.progress import Progress


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


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
