"""What runs leave in a project: its names, and whether there is any.

`oumi_scaffold.writing.journal` tells what is in it. Every command looks, so nothing
heavy is imported here.
"""

from contextlib import suppress
from pathlib import Path

FOLDER = ".oumi-scaffold"
BACKUP_PREFIX = "backup-"
NEW_PROJECT_PREFIX = f"{FOLDER}-new-"


def are_in(project: Path) -> bool:
    """Whether a killed run has left something to complete or to roll back."""
    with suppress(OSError):
        names = {path.name for path in project.iterdir()}
        if any(name.startswith(NEW_PROJECT_PREFIX) for name in names):
            return True
        if FOLDER in names:
            inside = [path.name for path in (project / FOLDER).iterdir()]
            return not inside or not all(n.startswith(BACKUP_PREFIX) for n in inside)
    return False


def backups(project: Path) -> list[str]:
    """Returns the folders of files replaced by force, the newest first."""
    with suppress(OSError):
        names = [path.name for path in (project / FOLDER).iterdir()]
        found = sorted(n for n in names if n.startswith(BACKUP_PREFIX))
        return [f"{FOLDER}/{name}" for name in reversed(found)]
    return []
