"""docs/export.md: its commands run, and its code works on what they write."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

import oumi_runtime.builders  # noqa: F401  what is built in stays registered
from oumi_runtime.core.registry import REGISTRY
from oumi_scaffold.cli import main

PAGE = (Path(__file__).parents[2] / "docs" / "export.md").read_text()
FIRST = re.findall(r"`oumi-scaffold ([^`]*)`", PAGE)[:2]
SHORT = " --training.max_steps 50 --training.eval_strategy no"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_commands_run_and_the_code_loads_what_they_write(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("HF_MODULES_CACHE", str(project / "modules"))
    monkeypatch.setattr(
        "transformers.dynamic_module_utils.HF_MODULES_CACHE", str(project / "modules")
    )
    monkeypatch.syspath_prepend(str(project / "modules"))
    new_model, train = FIRST
    lines = "".join(blocks("console")).splitlines()
    exports = [
        line.removeprefix("$ oumi-scaffold ") for line in lines if line[:1] == "$"
    ]
    assert len(exports) == 3
    with REGISTRY.isolated():
        for command in (new_model, train + SHORT, *exports):
            capsys.readouterr()
            assert main(shlex.split(command)) == 0, (command, capsys.readouterr().err)
            if command == exports[0]:
                shown = capsys.readouterr().out.splitlines()
                page = blocks("console")[0].splitlines()[1:]
                assert shown[:5] == page[:5]
                assert shown[-1] == page[-1]
        assert len(blocks("python")) == 3
        found: dict[str, Any] = {}
        for code in blocks("python"):
            exec(code, found)
    assert found["label"] in {"asyncio", "email", "http", "importlib", "logging"} | {
        *("multiprocessing", "tkinter", "unittest", "urllib", "xml")
    }
    assert found["logits"].shape == (1, 10)
    assert found["result"].largest_difference < 1e-5
