"""Models that cannot be built, placed, saved or loaded."""

from collections.abc import Iterable
from pathlib import Path

from oumi_runtime.exceptions.base import OumiRuntimeError


class SavedModelError(OumiRuntimeError, ValueError):
    """A model cannot be written to, or read back from, a folder."""

    exit_code = 2


class MissingModelError(SavedModelError, FileNotFoundError):
    """A folder that should hold a saved model does not."""

    def __init__(self, folder: str | Path, filename: str) -> None:
        super().__init__(
            f"{folder} has no {filename}; give a folder written by save_pretrained"
        )


class ModelBuildError(OumiRuntimeError, ValueError):
    """A model cannot be built from its config."""

    exit_code = 2


class DeviceError(OumiRuntimeError, ValueError):
    """A device or dtype is asked for that this machine does not have."""

    exit_code = 2


class MissingOutputError(OumiRuntimeError, KeyError):
    """A model does not return an output that the metrics are computed from."""

    exit_code = 2

    def __init__(self, name: str, outputs: Iterable[str]) -> None:
        super().__init__(
            f"training.metrics_function needs {name!r} in the model's outputs, which "
            f"are {', '.join(outputs)}; return it from forward, or leave "
            "metrics_function out"
        )

    def __str__(self) -> str:
        # KeyError shows the repr of its argument.
        return str(self.args[0])


class ModelForwardError(OumiRuntimeError, TypeError):
    """A model's forward does not take a batch, or does not return its loss."""

    exit_code = 2


class UnknownClassError(ModelForwardError):
    """A label of the data is none of a model's classes.

    Attributes:
        label: The label.
        reason: What is wrong with it.
        where: The first sample that has it, if it is known.
    """

    def __init__(self, label: int, reason: str, where: str | None = None) -> None:
        super().__init__(reason if where is None else f"{where}: {reason}")
        self.label = label
        self.reason = reason
        self.where = where


class SingleValueError(ModelForwardError):
    """A layer that normalizes over the batch was given one value for each channel."""


class WrappingError(OumiRuntimeError, ValueError):
    """A module cannot be wrapped in a model."""

    exit_code = 2

    def __init__(self, what: str, reason: str) -> None:
        reason = " ".join(reason.split())
        shown = reason if len(reason) <= 500 else f"{reason[:500]}..."
        super().__init__(f"cannot wrap {what!r}: {shown}")
