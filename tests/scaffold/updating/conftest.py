"""What the tests of updates share."""

from collections.abc import Callable
from pathlib import Path

import pytest
from own_templates import NewerTemplate


@pytest.fixture
def newer(
    project: Path, tmp_path: Path, run: Callable, monkeypatch: pytest.MonkeyPatch
) -> NewerTemplate:
    """A model was generated; its template can be edited since."""
    run("new-model", "MyNet")
    folder = tmp_path / "newer"
    return NewerTemplate("text-classification", folder, monkeypatch)
