"""`doctor` finds what is wrong, and says what to do about it."""

import os
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from trees import make_tree, snapshot

import oumi_runtime.core
from oumi_runtime.core import hardware
from oumi_scaffold.cli.inventory import installation
from oumi_scaffold.cli.inventory.installation import Needed

MODEL, CONFIG, TEST = "models/my_net.py", "configs/my_net.yaml", "tests/test_my_net.py"


@pytest.fixture
def failures(project: Path, run: Callable) -> Callable[[], list[str]]:
    """What fails, after it is seen that the exit code tells and nothing changes."""

    def examine() -> list[str]:
        before = snapshot(project)
        done = run("doctor", "--json")
        assert snapshot(project) == before
        report = done.document
        assert report.pop("healthy") is (done.exit_code == 0)
        assert list(report) == ["installation", "machine", "project"]
        found = [each for area in report.values() for each in area]
        failed = [each["sentence"] for each in found if each["outcome"] == "failed"]
        assert bool(failed) is (done.exit_code == 1)
        return failed

    return examine


def test_a_new_model_is_healthy(project: Path, run: Callable, failures: Callable):
    assert failures() == []
    run("new-model", "MyNet")
    (project / MODEL).write_text((project / MODEL).read_text() + "# mine\n")
    assert failures() == []
    lines = run("doctor").out.splitlines()
    assert lines[-1] == "no problems"
    assert "n/a        no GPU: models are trained on the CPU" in lines
    assert "ok         MyNet: 3 files, 1 of them edited" in lines


def test_what_is_wrong_with_a_project_is_found(
    project: Path, run: Callable, failures: Callable
):
    run("new-model", "MyNet")
    (project / TEST).unlink()
    model = (project / MODEL).read_text().replace("class MyNet(", "class MyNet((")
    (project / MODEL).write_text(model)
    config = (project / CONFIG).read_text()
    (project / CONFIG).write_text(config.replace("learning_rate: ", "learning_rat: "))
    broken, missing, unregistered, misspelt = failures()
    assert "cannot be parsed" in broken
    assert missing == (
        f"{TEST} of MyNet is missing: bring it back, or take the model back with "
        "`oumi-scaffold undo MyNet`"
    )
    assert "no model is named 'MyNet'" in unregistered
    assert misspelt.startswith(f"{CONFIG}:")
    assert "learning_rat" in misspelt
    assert run("doctor").out.splitlines()[-1] == "4 problems"


def test_oumis_configs_are_left_to_oumi(
    project: Path, run: Callable, failures: Callable
):
    run("new-model", "MyNet", "--target", "oumi")
    assert (project / CONFIG).exists()
    assert failures() == []


def test_a_damaged_manifest_is_one_problem(project: Path, failures: Callable):
    make_tree(project, {".oumi-scaffold.json": "{"})
    (problem,) = failures()
    assert ".oumi-scaffold.json" in problem


def test_a_folder_that_cannot_be_written_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, project: Path, failures: Callable
):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert failures() == [f"{project} cannot be written to"]


def test_packages_that_do_not_fit_are_named(
    monkeypatch: pytest.MonkeyPatch, run: Callable, failures: Callable
):
    packages = [
        Needed("click", ">=8.1", "", "8.2", True),
        Needed("torch", ">=2.10", "", "2.9", False),
        Needed("pyyaml", ">=6", "", None, False),
        Needed("matplotlib", ">=3.9", "plot", None, False),
    ]
    monkeypatch.setattr(installation, "needed", lambda: packages)
    assert failures() == [
        "torch 2.9 is installed, and torch>=2.10 is needed: pip install 'torch>=2.10'",
        "pyyaml is not installed: pip install 'pyyaml>=6'",
    ]
    optional = "matplotlib is optional: pip install 'oumi-scaffold[plot]'"
    assert f"n/a        {optional}" in run("doctor").out.splitlines()


def test_source_files_need_not_be_installed(
    monkeypatch: pytest.MonkeyPatch, run: Callable, failures: Callable
):
    def needed() -> list[Needed]:
        raise PackageNotFoundError("oumi-scaffold")

    monkeypatch.setattr(installation, "needed", needed)
    assert failures() == []
    assert "runs from source files" in run("doctor").out


def test_a_torch_that_cannot_be_imported_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, failures: Callable
):
    monkeypatch.delitem(sys.modules, "oumi_runtime.core.hardware", raising=False)
    monkeypatch.delattr(oumi_runtime.core, "hardware", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    (problem,) = failures()
    assert problem.startswith("torch cannot be imported: ")


def test_a_gpu_that_cannot_be_used_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, failures: Callable
):
    gpus = [hardware.Examined(False, "it is broken"), hardware.Examined(True, "whole")]
    monkeypatch.setattr(hardware, "examine_gpus", lambda: gpus)
    assert failures() == ["it is broken"]


@pytest.mark.parametrize("other", ["OtherNet", "MLPEncoder"])
def test_two_models_of_one_name_are_found(
    project: Path, run: Callable, failures: Callable, other: str
):
    run("new-model", "MyNet")
    run("new-model", "OtherNet")
    text = (project / MODEL).read_text()
    (project / MODEL).write_text(
        text.replace('register("MyNet"', f'register("{other}"')
    )
    twice, *_ = failures()
    assert f"two models are registered as '{other}': " in twice
    assert "my_net.py:13" in twice
    assert "give one of them another name" in twice
    assert f"two models are registered as '{other}'" in run("list", "models").err
