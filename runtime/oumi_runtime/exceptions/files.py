"""Files and folders of a run that cannot be read, written or shared."""

from collections.abc import Iterable
from pathlib import Path

from oumi_runtime.exceptions.base import OumiRuntimeError


class UnsafeFileError(OumiRuntimeError, ValueError):
    """A file is not what its name says, or nothing that may be read."""

    exit_code = 2

    def __init__(self, path: str | Path, problem: str) -> None:
        self.path = Path(path)
        self.problem = problem
        super().__init__(f"{path} {problem}")


class DiskFullError(OumiRuntimeError, OSError):
    """There is no room on the disk for what is to be written."""

    def __init__(self, path: Path, needed: int | None, free: int) -> None:
        needs = "more bytes than there are" if needed is None else f"{needed:,} bytes"
        super().__init__(
            f"no room to write {path}: it needs {needs} and {free:,} are "
            "free; make room, or set training.save_total_limit, and go on with "
            "--auto-resume"
        )


class OutputInUseError(OumiRuntimeError, RuntimeError):
    """Another run that is alive writes to the output folder."""

    exit_code = 3

    def __init__(self, folder: Path, holder: str) -> None:
        super().__init__(
            f"{folder} is in use by another run, {holder}; wait for it, end it, or "
            "name another folder in training.output_dir"
        )


class OutputFolderError(OumiRuntimeError, OSError):
    """The output folder cannot be written to."""

    exit_code = 2

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"training.output_dir {folder} cannot be written to: {reason}; name "
            "another folder"
        )


class CheckpointError(OumiRuntimeError, ValueError):
    """A checkpoint is missing, incomplete or does not belong to this run."""

    exit_code = 2


class ChangedConfigError(CheckpointError):
    """A checkpoint is of another config, or of other data, than is to go on."""

    def __init__(self, checkpoint: Path, changes: Iterable[str]) -> None:
        super().__init__(
            f"cannot go on from {checkpoint}: {'; '.join(changes)}. Change it back, "
            "start anew in another training.output_dir, or set training.force_resume"
        )
