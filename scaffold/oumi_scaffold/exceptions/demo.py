"""A stage of the demo that failed."""

from pathlib import Path

from oumi_scaffold.exceptions.base import ScaffoldError


class DemoError(ScaffoldError, RuntimeError):
    """A stage of the demo failed."""

    def __init__(self, stage: list[str], code: int, project: Path) -> None:
        super().__init__(
            f"the demo's `{' '.join(stage)}` ended with exit code {code}; "
            f"its files are in {project}"
        )
