"""A demo that cannot begin, or a stage of it that failed."""

from pathlib import Path

from oumi_scaffold.exceptions.base import ScaffoldError


class DemoError(ScaffoldError, RuntimeError):
    """A stage of the demo failed."""

    def __init__(self, stage: list[str], code: int, project: Path) -> None:
        super().__init__(
            f"the demo's `{' '.join(stage)}` ended with exit code {code}; "
            f"its files are in {project}"
        )


class NotEmptyError(ScaffoldError, FileExistsError):
    """The folder for the demo is not empty."""

    exit_code = 3

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is not an empty folder; choose a new one")
