"""Recovers from what a killed run has left in a project, and says so."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from oumi_scaffold.cli import output
from oumi_scaffold.project import leftovers


@contextmanager
def locked(project: Path) -> Generator[None]:
    """Locks a project for one run, and notes what was recovered; see `exclusive`."""
    from oumi_scaffold.writing.write import exclusive

    with exclusive(project) as recovered:
        if recovered:
            output.note(recovered)
        yield


def recover_here() -> None:
    """Recovers in the working folder, if a killed run has left anything there."""
    if leftovers.are_in(Path()):
        with locked(Path()):
            pass
