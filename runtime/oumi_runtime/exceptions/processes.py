"""Several processes that cannot start, or lose each other."""

from collections.abc import Sequence
from pathlib import Path

from oumi_runtime.exceptions.base import OumiRuntimeError


class ProcessEnvironmentError(OumiRuntimeError, ValueError):
    """The environment variables describe only part of a group of processes."""

    exit_code = 2

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}; torchrun sets all of them: torchrun --nproc-per-node N -m "
            "oumi_runtime.train -c FILE. To train in one process, unset WORLD_SIZE and "
            "RANK"
        )


class ProcessGroupError(OumiRuntimeError, ConnectionError):
    """The processes of a run do not find each other."""

    def __init__(self, world_size: int, where: str, reason: str) -> None:
        port = "address already in use" in reason.lower()
        advice = (
            "choose another MASTER_PORT, or let torchrun --standalone choose one"
            if port
            else "start all of them, and see whether one has ended with an error"
        )
        super().__init__(
            f"the {world_size} processes of this run cannot meet at {where}: "
            f"{_first_sentence(reason)}; {advice}"
        )


class DifferentProcessesError(OumiRuntimeError, ValueError):
    """The processes of a run have begun different runs."""

    exit_code = 2

    def __init__(self, what: str, first: object, rank: int, other: object) -> None:
        super().__init__(
            f"{what}: {first!r} in process 0, but {other!r} in process {rank}; start "
            "all processes with the same config, the same files and one "
            "training.output_dir that all can read"
        )


class LostProcessError(OumiRuntimeError, ConnectionError):
    """Another process of the run has ended, or no longer answers."""

    def __init__(
        self,
        rank: int,
        world_size: int,
        reason: str,
        hanging: Sequence[int] | None,
        latest: Path | None,
    ) -> None:
        """Initializes the error.

        Args:
            rank: The rank of this process.
            world_size: The number of processes.
            reason: What torch says.
            hanging: The ranks that no longer answer, empty if not known; None if the
                other process has ended.
            latest: The newest valid checkpoint.
        """
        if hanging is None:
            what = "has lost another one, whose own message says why it has ended"
        else:
            names = " and ".join(f"process {each}" for each in hanging)
            what = (
                f"has waited in vain for {names or 'another one'} "
                f"({_first_sentence(reason)}), which hangs, or is slower than "
                "training.nccl_default_timeout_minutes allows"
            )
        advice = (
            f"resume from {latest} with --auto-resume"
            if latest
            else "no checkpoint was saved yet"
        )
        super().__init__(f"process {rank} of {world_size} {what}; {advice}")


def _first_sentence(reason: str) -> str:
    """Shortens what torch says to what matters: no file of its own, no backtrace."""
    first = reason.strip().splitlines()[0] if reason.strip() else "no reason given"
    if first.startswith("["):
        first = first.partition("] ")[2] or first
    return first.split(". ")[0].rstrip(".")
