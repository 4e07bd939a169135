"""Errors of exporting a trained model."""

from pathlib import Path

from oumi_runtime.exceptions.base import OumiRuntimeError


class ExportError(OumiRuntimeError, RuntimeError):
    """A model cannot be exported to a format, or computes something else there."""

    def __init__(self, model: str, format: str, cause: str) -> None:
        super().__init__(f"{model} cannot be exported as {format}: {cause}")


class ExportSourceError(OumiRuntimeError, ValueError):
    """What is to be exported is not there, or its source cannot be carried along."""

    exit_code = 2


class ExportConflictError(OumiRuntimeError, FileExistsError):
    """Something that is not to be replaced is where the export would be."""

    exit_code = 3

    def __init__(self, dest: Path, problem: str, remedy: str) -> None:
        super().__init__(f"{dest} {problem}; {remedy}")
