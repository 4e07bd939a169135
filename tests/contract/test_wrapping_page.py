"""docs/wrapping.md: its module is wrapped as it says."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from oumi_scaffold.cli import main

PAGE = (Path(__file__).parents[2] / "docs" / "wrapping.md").read_text()


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_module_is_wrapped_as_shown_and_is_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (source,) = blocks("python")
    (tmp_path / source.split()[1]).write_text(source)
    for line in "".join(blocks("console")).splitlines():
        assert main(shlex.split(line.removeprefix("$ oumi-scaffold "))) == 0, line
    model = (tmp_path / "models" / "gpt_model.py").read_text()
    (shown,) = blocks("text")
    for line in shown.splitlines():
        assert line in model.splitlines()
    sys.modules.pop("gpt")
