"""A pytest plugin: a project's models can be imported wherever pytest is started.

It imports nothing of the runtime, since pytest loads it in every project.
"""

import sys
from pathlib import Path

import pytest

_PROJECT_FILE = "oumi_requirements.txt"


def pytest_configure(config: pytest.Config) -> None:
    """Puts the nearest folder with an oumi_requirements.txt on the import path."""
    start = config.invocation_params.dir
    for folder in (start, *start.parents):
        if (folder / _PROJECT_FILE).is_file():
            _prepend(folder)
            return


def _prepend(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
