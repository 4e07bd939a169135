from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oumi_runtime.core.registry import REGISTRY


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Gives each test an empty registry and an empty working folder."""
    monkeypatch.delenv("OUMI_EXTRA_DEPS_FILE", raising=False)
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    with REGISTRY.isolated():
        REGISTRY.clear()
        yield


@pytest.fixture
def write(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    """Writes `{path: text}` below a folder named `project`, and returns that."""

    def write_tree(tree: dict[str, str]) -> Path:
        project = tmp_path / "project"
        for name, text in tree.items():
            path = project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return project

    return write_tree


@pytest.fixture
def project(write, monkeypatch):
    """Writes a project and makes it the working folder."""

    def make(tree):
        folder = write(tree)
        monkeypatch.chdir(folder)
        return folder

    return make
