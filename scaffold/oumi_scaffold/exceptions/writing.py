"""Files that cannot be written, or what earlier runs left that cannot be read."""

from collections.abc import Sequence
from pathlib import Path

from oumi_scaffold.exceptions.base import ScaffoldError, one_line, shown


class UnsafePathError(ScaffoldError, ValueError):
    """A file would land outside the project, or be reached through a link."""

    exit_code = 3

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"will not write {shown(path)}: {reason}; nothing was written")


class ConflictError(ScaffoldError, FileExistsError):
    """Files that would be written exist already, with other content."""

    exit_code = 3

    def __init__(self, paths: Sequence[str], remedy: str = "") -> None:
        files = ", ".join(paths)
        verb, them = ("exists", "it") if len(paths) == 1 else ("exist", "them")
        remedy = remedy or (
            f"Keep {them} with --skip, replace {them} with --force, compare with "
            "--diff, or choose another name"
        )
        super().__init__(f"{files} {verb} already; nothing was written. {remedy}")


class NotEmptyError(ScaffoldError, FileExistsError):
    """The folder for a new project, or the demo, is not an empty folder."""

    exit_code = 3

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is not an empty folder; choose a new one")


class QuitError(ScaffoldError, RuntimeError):
    """The user was asked about a file in the way, and chose to quit."""

    exit_code = 3

    def __init__(self) -> None:
        super().__init__("you chose to quit; nothing was written")


class BusyError(ScaffoldError, RuntimeError):
    """Another run is working in the same project."""

    exit_code = 3

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"another oumi-scaffold is running in {folder}; nothing was written, "
            "try again when it has finished"
        )


class WriteError(ScaffoldError, OSError):
    """A write failed; what had been written was rolled back."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"cannot write {path}: {reason}; nothing was changed")


class UnfinishedError(ScaffoldError, OSError):
    """A write failed, and so did rolling it back."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"cannot write {path}: {reason}, and the changes could not be rolled "
            "back; fix that, and the next oumi-scaffold command in the project will"
        )


class JournalError(ScaffoldError, ValueError):
    """What a killed run left cannot be read."""

    exit_code = 2

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"{path} was not written by this program: {one_line(reason)}; "
            "look at the files beside it, and delete it"
        )


class ManifestError(ScaffoldError, ValueError):
    """The project's manifest cannot be read."""

    exit_code = 2

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"{path}: {reason}; restore it from version control, or delete it"
        )
