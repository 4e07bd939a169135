"""What the scaffold's tests share: a project, a template, and the command."""

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from trees import make_tree

from oumi_runtime.core.registry import REGISTRY
from oumi_scaffold.cli import main
from oumi_scaffold.template.folder import TemplateFolder, load_template

TOP = "{{ cookiecutter.project_slug }}"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a command line came to."""

    exit_code: int
    out: str
    err: str

    @property
    def document(self) -> dict:
        """Stdout as the one JSON document that it has to be."""
        return json.loads(self.out)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the working folder."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("OUMI_EXTRA_DEPS_FILE", raising=False)
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Outcome]]:
    """Runs a command line in this process; what it registers is undone at the end."""

    def run_command(*args: str) -> Outcome:
        capsys.readouterr()
        exit_code = main(args)
        captured = capsys.readouterr()
        return Outcome(exit_code, captured.out, captured.err)

    with REGISTRY.isolated():
        yield run_command


@pytest.fixture
def template(tmp_path: Path) -> Callable[..., TemplateFolder]:
    """Builds a template from the files below its top folder, and its settings."""

    def build(
        files: Mapping[str, str],
        partials: Mapping[str, str] | None = None,
        **settings: object,
    ) -> TemplateFolder:
        root = tmp_path / "template"
        make_tree(root / TOP, files)
        make_tree(root / "templates", partials or {})
        defaults = {"model_name": "MyNet", "project_slug": "project"}
        (root / "cookiecutter.json").write_text(json.dumps(defaults | settings))
        return load_template(root, "a-template")

    return build
