"""The built wheel holds what an installation needs, and nothing else."""

import configparser
import os
import subprocess
import sys
import zipfile
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from source_imports import AREAS, ROOT

from oumi_templates.catalog import TASKS


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("oumi_scaffold-*-py3-none-any.whl")
    return zipfile.ZipFile(path)


def test_it_holds_every_tracked_file_of_the_three_packages(wheel: zipfile.ZipFile):
    listed = subprocess.run(
        ["git", "ls-files", "-z", *(f"{a.name}/{p}" for p, a in AREAS.items())],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    tracked = {path.partition("/")[2] for path in listed if (ROOT / path).is_file()}
    assert tracked <= set(wheel.namelist())


def test_it_holds_templates_data_and_types(wheel: zipfile.ZipFile):
    names = set(wheel.namelist())
    data = {"DATA.md", "digits.npz"}
    wanted = {f"oumi_runtime/datasets/{name}" for name in data}
    wanted |= {f"{package}/py.typed" for package in AREAS}
    for task in TASKS:
        folder = f"oumi_templates/{task.replace('-', '_')}"
        top = f"{folder}/{{{{ cookiecutter.project_slug }}}}"
        module = "{{ cookiecutter.module_name }}"
        wanted |= {
            f"{folder}/cookiecutter.json",
            f"{top}/models/{module}.py",
            f"{top}/tests/test_{module}.py",
            f"{top}/configs/{module}.yaml",
        }
    assert wanted - names == set()


def test_it_holds_nothing_else(wheel: zipfile.ZipFile):
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(AREAS)
    assert [name for name in wheel.namelist() if "__pycache__" in name] == []
    tests = [name for name in wheel.namelist() if "conftest" in name]
    assert tests == []


def test_its_entry_points_exist(wheel: zipfile.ZipFile):
    (path,) = (n for n in wheel.namelist() if n.endswith("entry_points.txt"))
    groups = configparser.ConfigParser()
    groups.read_string(wheel.read(path).decode())
    assert dict(groups["console_scripts"]) == {
        "oumi-scaffold": "oumi_scaffold.cli:main"
    }
    assert dict(groups["pytest11"]) == {"oumi_runtime": "oumi_runtime.pytest_plugin"}
    for group in ("console_scripts", "pytest11"):
        for name, value in groups[group].items():
            assert EntryPoint(name, value, group).load()


def test_new_model_works_from_what_the_wheel_holds(
    wheel: zipfile.ZipFile, tmp_path: Path
):
    wheel.extractall(tmp_path / "installed")
    code = (
        "import oumi_templates, sys; print(oumi_templates.__file__)\n"
        "from oumi_scaffold.cli import main; sys.exit(main(['new-model', 'MyNet']))"
    )
    (tmp_path / "project").mkdir()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path / "project",
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path / "installed"))
    assert (tmp_path / "project/models/my_net.py").is_file()
