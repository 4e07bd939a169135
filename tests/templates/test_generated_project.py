"""A generated project is clean and typed, its tests pass, and it can be installed."""

import re
import site
import subprocess
import sys
from pathlib import Path

import pytest

from oumi_scaffold.generating.projects import plan_project
from oumi_scaffold.request.names import MAX_LENGTH
from oumi_scaffold.request.project_spec import project_spec
from oumi_scaffold.writing.write import write
from oumi_templates.catalog import DEFAULT_TASK, TASKS

NAMES = [("a", "A"), ("wave-lab", "WaveNet"), ("ab-" * 21 + "a", "N" * MAX_LENGTH)]
BUILD = """\
from oumi_runtime.builders import build_model
from oumi_runtime.core.configs import ModelParams

print(type(build_model(ModelParams(model_name="WaveNet", device_map="cpu"))))
"""


def make(folder: Path, name: str, model: str, task: str) -> Path:
    _, plan = plan_project(project_spec(name, model, task), folder)
    write(plan)
    return folder / name


def run(*args: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(each) for each in args],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("name", "model"), NAMES)
def test_it_is_formatted_and_clean_by_its_own_settings(
    tmp_path: Path, name: str, model: str
):
    for number, task in enumerate(TASKS):
        folder = make(tmp_path / str(number), name, model, task)
        for command in (("check", "--no-cache"), ("format", "--diff")):
            done = run(sys.executable, "-m", "ruff", *command, ".", cwd=folder)
            assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "task",
    [
        pytest.param(task, marks=() if task == DEFAULT_TASK else pytest.mark.slow)
        for task in TASKS
    ],
)
def test_its_tests_pass(tmp_path: Path, task: str):
    folder = make(tmp_path, "wave-lab", "WaveNet", task)
    options = ("-q", "-W", "error", "-p", "no:cacheprovider")
    done = run(sys.executable, "-m", "pytest", *options, cwd=folder)
    assert done.returncode == 0, done.stdout
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 30  # type: ignore[index]


@pytest.mark.slow
def test_it_passes_mypys_strict_checks_by_its_own_settings(tmp_path: Path):
    folder = make(tmp_path, "wave-lab", "WaveNet", DEFAULT_TASK)
    done = run(sys.executable, "-m", "mypy", cwd=folder)
    assert done.returncode == 0, done.stdout
    assert "no issues found in 3 source files" in done.stdout


@pytest.mark.slow
def test_it_can_be_installed_and_its_model_is_found_from_anywhere(tmp_path: Path):
    folder = make(tmp_path, "wave-lab", "WaveNet", "image-classification")
    run(sys.executable, "-m", "venv", "--without-pip", "venv", cwd=tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    (packages,) = (tmp_path / "venv" / "lib").glob("python3*/site-packages")
    here = next(each for each in site.getsitepackages() if Path(each, "torch").exists())
    # All that is installed here, as if it were there.
    (packages / "here.pth").write_text(f"import site; site.addsitedir({here!r})\n")
    options = ("--no-build-isolation", "--no-deps", "--disable-pip-version-check")
    done = run(python, "-m", "pip", "install", *options, "-e", folder, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (tmp_path / "elsewhere").mkdir()
    built = run(python, "-c", BUILD, cwd=tmp_path / "elsewhere")
    assert "'wave_lab.models.wave_net.WaveNet'" in built.stdout, built.stderr
    short = ("-c", "configs/wave_net.yaml", "--training.max_steps", "2")
    trained = run(python, "-m", "oumi_runtime.train", *short, cwd=folder)
    assert trained.returncode == 0, trained.stderr
    assert (folder / "outputs" / "wave_net" / "model.safetensors").is_file()
