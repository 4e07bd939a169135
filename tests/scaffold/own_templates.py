"""Templates for tests: a small one of someone else's, and newer built-in ones."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from trees import make_tree

from oumi_scaffold.template import source
from oumi_templates.catalog import template_dir

TOP = "{{ cookiecutter.project_slug }}"
FILE = f"{TOP}/models/{{{{ cookiecutter.module_name }}}}.py"
MODEL = (
    "from oumi_runtime.core import registry\n\n\n"
    '@registry.register("{{ cookiecutter.model_name }}", registry.RegistryType.MODEL)\n'
    "class {{ cookiecutter.model_name }}:\n"
    "    def __init__(self, width: int = {{ cookiecutter.width }}) -> None: ...\n\n"
    "    def forward(self) -> None: ...\n"
)
SETTINGS: dict[str, object] = {
    "model_name": "MyNet",
    "module_name": "my_net",
    "kind": ["wide", "deep"],
    "width": 8,
    "project_slug": "x",
}


def make_template(
    folder: Path, files: Mapping[str, str] | None = None, **settings: object
) -> Path:
    own = {FILE: MODEL, "cookiecutter.json": json.dumps(SETTINGS | settings)}
    return make_tree(folder, own | dict(files or {}))


def nested_loops(depth: int) -> str:
    """A text that takes longer than anyone waits."""
    loops = "".join(f"{{% for a{n} in range(99999) %}}" for n in range(depth))
    return loops + "{% endfor %}" * depth


def git(folder: Path, *args: str) -> str:
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    done = subprocess.run(
        ["git", *who, *args], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


class NewerTemplate:
    """A copy of the template of a task, in its place, to be edited."""

    def __init__(self, task: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._root = folder
        shutil.copytree(
            template_dir(task), folder, ignore=shutil.ignore_patterns("__pycache__")
        )
        patch.setattr(source, "template_dir", lambda name: folder)
        patch.setattr(sys, "dont_write_bytecode", True)

    def path(self, name: str) -> Path:
        """The only file of a kind: `models`, `tests` or `configs`; or a path."""
        if name in ("models", "tests", "configs"):
            (found,) = (self._root / TOP / name).iterdir()
            return found
        return self._root / name

    def append(self, name: str, text: str) -> None:
        path = self.path(name)
        path.write_text(path.read_text() + text)

    def replace(self, name: str, old: str, new: str) -> None:
        path = self.path(name)
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    def add(self, files: Mapping[str, str]) -> None:
        make_tree(self._root / TOP, files)

    def settings(self, **changes: object) -> None:
        path = self._root / "cookiecutter.json"
        settings = json.loads(path.read_text()) | changes
        known = {k: v for k, v in settings.items() if v is not ...}
        path.write_text(json.dumps(known))
