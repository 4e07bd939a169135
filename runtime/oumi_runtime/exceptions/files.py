"""Errors about the files and folders of a run."""

from collections.abc import Iterable
from pathlib import Path

from oumi_runtime.exceptions.base import OumiRuntimeError


class UnsafeFileError(OumiRuntimeError, ValueError):
    """A file is not what its name says, or is not safe to read."""

    exit_code = 2

    def __init__(self, path: str | Path, problem: str) -> None:
        self.path = Path(path)
        self.problem = problem
        super().__init__(f"{path} {problem}")


class DiskFullError(OumiRuntimeError, OSError):
    """The disk is too full for what is about to be written."""

    def __init__(self, path: Path, needed: int | None, free: int) -> None:
        needs = "more than that" if needed is None else f"{needed:,} bytes"
        super().__init__(
            f"not enough disk space to write {path}: it needs {needs} and {free:,} are "
            "free; free some space, or set training.save_total_limit, and resume with "
            "--auto-resume"
        )


class FailingDiskError(OumiRuntimeError, OSError):
    """A disk, or the connection to it, does not do what it is asked."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"the disk of {path} fails: {reason}; what was saved before is whole. See "
            "to the disk, and resume with --auto-resume"
        )


class OutputInUseError(OumiRuntimeError, RuntimeError):
    """Another live run is writing to the output folder."""

    exit_code = 3

    def __init__(self, folder: Path, holder: str) -> None:
        super().__init__(
            f"{folder} is in use by another run, {holder}; wait for it to finish, "
            "stop it, or set training.output_dir to another folder"
        )


class OutputFolderError(OumiRuntimeError, OSError):
    """The output folder cannot be written to."""

    exit_code = 2

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"training.output_dir {folder} cannot be written to: {reason}; choose "
            "another folder"
        )


class CheckpointError(OumiRuntimeError, ValueError):
    """A checkpoint is missing, incomplete or does not belong to this run."""

    exit_code = 2


class ChangedConfigError(CheckpointError):
    """A checkpoint was saved with a different config or different data."""

    def __init__(self, checkpoint: Path, changes: Iterable[str]) -> None:
        super().__init__(
            f"cannot resume from {checkpoint}: {'; '.join(changes)}. Change it back, "
            "start over in another training.output_dir, or set training.force_resume"
        )
