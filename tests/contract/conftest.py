"""What the contract tests share: a user's project, and a registry of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from oumi_runtime.core.registry import REGISTRY


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder, which is the working folder; what it registers is forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OUMI_EXTRA_DEPS_FILE", raising=False)
    with REGISTRY.isolated():
        yield tmp_path


@pytest.fixture
def write(project: Path) -> Callable[[Mapping[str, str]], None]:
    """Writes `{path: text}` below the project's folder."""

    def write_tree(files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return write_tree


@pytest.fixture
def python(project: Path) -> Callable[..., str]:
    """Runs Python in the project, where it has to succeed; returns what it prints."""

    def run(*args: str, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, *args],
            cwd=project,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
