"""What Jinja has compiled is kept beside the templates, and never in the way."""

import sys
from collections.abc import Callable
from pathlib import Path

import jinja2
import pytest

from oumi_scaffold.rendering.render import Renderer
from oumi_scaffold.template.folder import TemplateFolder

Build = Callable[..., TemplateFolder]


@pytest.fixture(autouse=True)
def _written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)


def rendered(template: TemplateFolder, kept: Path) -> str:
    return Renderer(template, kept).render({"model_name": "Net"})[0].text


def test_a_template_is_compiled_once(
    template: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = template({"a": "{{ cookiecutter.model_name | literal }}"})
    assert rendered(folder, tmp_path / "kept") == '"Net"'
    refuse = lambda *args, **kwargs: pytest.fail("compiled")  # noqa: E731
    monkeypatch.setattr(jinja2.Environment, "compile", refuse)
    assert rendered(folder, tmp_path / "kept") == '"Net"'


def test_another_text_is_compiled_anew(template: Build, tmp_path: Path):
    assert rendered(template({"a": "one"}), tmp_path / "kept") == "one"
    assert rendered(template({"a": "two"}), tmp_path / "kept") == "two"


@pytest.mark.parametrize("content", [b"", b"x" * 20, b"x" * 5000])
def test_a_damaged_file_is_of_no_account(
    template: Build, tmp_path: Path, content: bytes
):
    folder = template({"a": "text"})
    assert rendered(folder, tmp_path / "kept") == "text"
    for file in (tmp_path / "kept").iterdir():
        file.write_bytes(content)
    assert rendered(folder, tmp_path / "kept") == "text"


def test_where_nothing_may_be_written_nothing_is(
    template: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "file").write_text("")
    assert rendered(template({"a": "text"}), tmp_path / "file") == "text"
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert rendered(template({"a": "text"}), tmp_path / "kept") == "text"
    assert not (tmp_path / "kept").exists()
