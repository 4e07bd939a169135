"""docs/datasets.md: its commands run, its class trains, its lists are complete."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import oumi_runtime.builders  # noqa: F401  what is built in stays registered
from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.testing import DATASET_CHECKS
from oumi_scaffold.cli import main
from oumi_scaffold.request.spec import dataset_spec
from oumi_templates.catalog import TASKS

PAGE = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def call(command: str) -> None:
    program, *arguments = shlex.split(command)
    assert program == "oumi-scaffold"
    assert main(arguments) == 0, command


def commands(block: str) -> list[str]:
    lines = block.splitlines()
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


def test_the_commands_run_and_the_class_is_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OUMI_EXTRA_DEPS_FILE", raising=False)
    first, second, third = blocks("console")
    code, _ = blocks("python")
    with REGISTRY.isolated():
        for command in commands(first):
            call(command)
        shown = [line for line in first.splitlines() if not line.startswith("$")]
        assert capsys.readouterr().out.splitlines()[: len(shown)] == shown
    file = code.splitlines()[0].removeprefix("# ")
    assert (tmp_path / file).is_file()
    (tmp_path / file).write_text(code.partition("\n")[2])
    wave = [float(n % 32 >= 16) * 2 - 1 for n in range(64)]
    (tmp_path / "waves.jsonl").write_text(json.dumps({"wave": wave}) + "\n")
    with REGISTRY.isolated():
        for command in commands(second):
            call(command)
        found = re.search(r"accuracy\W+(\d\.\d+)", capsys.readouterr().out)
        for command in commands(third):
            call(command)
    assert found is not None
    assert float(found[1]) > 0.9
    (prediction,) = capsys.readouterr().out.splitlines()
    assert json.loads(prediction)["probabilities"].keys() == {"sine", "square", "spike"}
    options = [
        "-q",
        "-W",
        "error",
        "-p",
        "no:cacheprovider",
        "tests/test_wave_forms.py",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_class_of_another_project_passes_its_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OUMI_EXTRA_DEPS_FILE", raising=False)
    _, code = blocks("python")
    file = tmp_path / code.splitlines()[0].removeprefix("# ")
    file.parent.mkdir()
    file.write_text(code.partition("\n")[2])
    (tmp_path / "oumi_requirements.txt").write_text("data/own_waves.py\n")
    with REGISTRY.isolated():
        call("oumi-scaffold check own_waves")


def test_the_class_differs_from_the_generated_one_where_it_says_so(tmp_path: Path):
    code, _ = blocks("python")
    assert re.findall(r"Change (\d) of 2", code) == ["1", "2"]
    assert f'@register_dataset("{dataset_spec("WaveForms").registered_name}")' in code


def test_every_task_and_check_is_listed():
    for task in TASKS:
        assert re.search(rf"^\| [^|]*\b{task}\b", PAGE, re.MULTILINE), task
    for check in DATASET_CHECKS:
        line = f"- `{check.name}`: {check.catches}"
        assert line in PAGE.replace("\n  ", " "), line
