"""`demo`: its stages and its failures; that it reaches its accuracy is a slow test."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from programs import succeeding_python
from trees import make_tree, snapshot

from oumi_scaffold.cli.commands import demo


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Stands in for the subprocesses, all of which succeed; returns their commands."""
    seen: list[list[str]] = []

    def succeed(command: list[str], **kwargs: object) -> subprocess.CompletedProcess:
        seen.append(command)
        out = (
            '{"metrics": {"accuracy": 0.97, "loss": 0.1}, "num_samples": 180,'
            ' "model_dir": "outputs/digit_net", "split": "test"}'
        )
        return subprocess.CompletedProcess(command, 0, out)

    monkeypatch.setattr(subprocess, "run", succeed)
    return seen


def test_it_goes_the_whole_way_and_says_where_the_files_are(
    project: Path, run: Callable, stages: list[list[str]]
):
    done = run("demo", "--keep", "here")
    assert (done.exit_code, done.err) == (0, "")
    assert [command[1:4] for command in stages] == [
        ["-m", "oumi_scaffold", "new-model"],
        ["-m", "pytest", "-q"],
        ["-m", "oumi_scaffold", "train"],
        ["-m", "oumi_scaffold", "evaluate"],
    ]
    assert stages[-1][-1] == "--json"
    assert "$ oumi-scaffold evaluate -c configs/digit_net.yaml\n" in done.out
    assert "Held-out accuracy 0.9700 on 180 images" in done.out
    assert f"The project is in {project / 'here'}" in done.out
    assert "models/digit_net.py" in done.out


def test_a_temporary_project_is_kept(
    run: Callable,
    stages: list[list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = run("demo")
    found = re.search(r"The project is in (.+)", done.out)
    assert found is not None
    assert Path(found[1]).is_dir()
    assert Path(found[1]).parent == tmp_path


@pytest.mark.parametrize("failing", ["new-model", "pytest", "train", "evaluate"])
def test_it_fails_with_the_stage_that_fails(
    project: Path, run: Callable, monkeypatch: pytest.MonkeyPatch, failing: str
):
    seen = []

    def fail(command: list[str], **kwargs: object) -> subprocess.CompletedProcess:
        seen.append(command)
        code = 5 if failing in command else 0
        return subprocess.CompletedProcess(command, code, "{}")

    monkeypatch.setattr(subprocess, "run", fail)
    done = run("demo", "--keep", "here")
    assert done.exit_code == 1
    assert failing in done.err
    assert "ended with exit code 5" in done.err
    assert failing in seen[-1]


def test_a_folder_that_holds_something_is_left_alone(
    project: Path, run: Callable, stages: list[list[str]]
):
    make_tree(project, {"here/mine": ""})
    before = snapshot(project)
    done = run("demo", "--keep", "here")
    assert done.exit_code == 3
    assert "not an empty folder" in done.err
    assert (stages, snapshot(project)) == ([], before)


@pytest.mark.slow
def test_the_demo_reaches_its_accuracy(project: Path):
    out = succeeding_python(project, "-m", "oumi_scaffold", "demo", "--keep", "here")
    found = re.search(r"Held-out accuracy ([\d.]+)", out)
    assert found is not None
    assert float(found[1]) >= 0.95
    assert (project / "here" / demo.SPEC.model_file).is_file()
