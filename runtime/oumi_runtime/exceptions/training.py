"""Training runs, and searches before them, that cannot start or continue."""

from collections.abc import Iterable
from pathlib import Path

from oumi_runtime.exceptions.base import OumiRuntimeError, suggestion


class TrainingStoppedError(OumiRuntimeError, RuntimeError):
    """Training was stopped before its last step, after saving its state."""

    def __init__(
        self, cause: str, signal_number: int, step: int, saved: Path | None
    ) -> None:
        # What a job scheduler's time limit would give: to be started again.
        self.exit_code = 128 + (2 if signal_number == 2 else 15)  # type: ignore[misc]
        super().__init__(
            f"stopped after step {step} by {cause}; "
            + (f"saved {saved}" if saved else "nothing was saved")
            + "; resume with --auto-resume"
        )


class NonFiniteLossError(OumiRuntimeError, ArithmeticError):
    """The training loss became NaN or infinite."""

    def __init__(
        self, step: int, last_good: Path | None, where: str | None = None
    ) -> None:
        keep = (
            f"the last good checkpoint is {last_good}"
            if last_good
            else "no checkpoint was saved yet"
        )
        place = f": {where}" if where else ""
        super().__init__(
            f"the loss or gradient is not finite at step {step}{place}; {keep}. Lower "
            "training.learning_rate, or set training.max_grad_norm, and start over"
        )


class GpuIndexError(OumiRuntimeError, RuntimeError):
    """The GPU was to read a place that does not exist, and cannot say which."""

    exit_code = 2

    def __init__(self, latest: Path | None) -> None:
        kept = f"; the newest checkpoint is {latest}" if latest else ""
        super().__init__(
            "the GPU was given an index out of range, most often a label that is no "
            "class of the model or a token id beyond its embedding; the same command "
            f"with model.device_map: cpu tells which{kept}"
        )


class TrainerArgumentError(OumiRuntimeError, ValueError):
    """transformers' Trainer does not take an argument, or not with this model."""

    exit_code = 2

    def __init__(self, problem: str, name: str | None = None) -> None:
        key = "training.trainer_kwargs" + (f".{name}" if name else "")
        super().__init__(f"{key}: {problem}")


class TrainingMetricError(OumiRuntimeError, KeyError):
    """The metric that the config selects is not among those measured."""

    exit_code = 2

    def __init__(self, metric: str, measured: Iterable[str]) -> None:
        names = sorted(name for name in measured if name.startswith("eval_"))
        super().__init__(
            f"training.metric_for_best_model is {metric!r}, which no evaluation "
            f"measures{suggestion(metric, names)}; available: {', '.join(names)}"
        )

    def __str__(self) -> str:
        # KeyError shows the repr of its argument.
        return str(self.args[0])


class SearchRangeError(OumiRuntimeError, ValueError):
    """The values to search do not form a valid range."""

    exit_code = 2


class ChangedSearchError(OumiRuntimeError, ValueError):
    """A folder holds a search for something else."""

    exit_code = 2

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"{folder} cannot be continued: {reason}; give another "
            "training.output_dir, or move it away"
        )


class NoBatchFitsError(OumiRuntimeError, MemoryError):
    """Even the smallest batch size of a search does not fit."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"no batch size is possible: {reason}; start with a smaller one, make the "
            "model smaller, or set training.enable_gradient_checkpointing"
        )
