"""Generated code is formatted, clean and typed, and its own tests pass."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cells import CELLS, LENGTHS, rendered, write_project

from oumi_scaffold.rendering.answers import settable
from oumi_scaffold.rendering.render import render
from oumi_scaffold.request.names import MAX_LENGTH
from oumi_scaffold.request.spec import RUNTIME
from oumi_scaffold.template.folder import load_template
from oumi_templates.catalog import TASKS, template_dir

ROOT = Path(__file__).parents[2]
RULES = ROOT / "examples" / "ruff.toml"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every cell under a short name and under the longest."""
    return write_project(tmp_path_factory.mktemp("project"), (8, MAX_LENGTH))


def run(*args: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *map(str, args)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("task", "arch"), CELLS)
def test_it_is_formatted_and_clean_whatever_the_length_of_the_name(
    tmp_path: Path, task: str, arch: str
):
    shouting = ["N" * length for length in LENGTHS]
    # Every second letter starts a word, so the module's name is longer than the class.
    hopping = [("Ab" * length)[:length] for length in (1, 2, 8, 40, MAX_LENGTH)]
    for name in {*shouting, *hopping}:
        for file in rendered(task, arch, name):
            if file.path.endswith(".py"):
                (tmp_path / f"{name}_{Path(file.path).name}").write_text(file.text)
    names = set(shouting) | set(hopping)
    assert len(list(tmp_path.iterdir())) == 2 * len(names)
    formatted = run("ruff", "format", "--isolated", "--diff", ".", cwd=tmp_path)
    assert (formatted.stdout, formatted.returncode) == ("", 0)
    linted = run("ruff", "check", "--config", RULES, "--no-cache", ".", cwd=tmp_path)
    assert linted.returncode == 0, linted.stdout


@pytest.mark.parametrize(("task", "arch"), CELLS)
def test_it_is_formatted_whatever_the_constructor_is_set_to(
    tmp_path: Path, task: str, arch: str
):
    template = load_template(template_dir(task), task)
    # A window is odd, a width a multiple of twice the heads, an image several patches.
    digits = {"window": "9", "num_heads": "4", "image_size": "88", "vocab_size": "888"}
    for width in range(1, 8):
        numbers = {
            name: int(digits.get(name, "8") * width)
            if isinstance(default, int)
            else 1e-5 * 10**width
            for name in settable(template)
            if isinstance(default := template.variables[name], int | float)
            and not isinstance(default, bool)
        }
        own = {"model_name": "MyNet", "arch": arch, "dataset_name": "mine"}
        answers = own | numbers
        for target in TASKS[task].targets:
            chosen = {} if target == RUNTIME else {"target": target}
            for file in render(template, answers | chosen):
                if file.path.endswith(".py"):
                    name = f"{target}_{width}_{Path(file.path).name}"
                    (tmp_path / name).write_text(file.text)
    formatted = run("ruff", "format", "--isolated", "--diff", ".", cwd=tmp_path)
    assert (formatted.stdout, formatted.returncode) == ("", 0)


@pytest.mark.slow
def test_the_tests_of_every_cell_pass_under_a_short_name_and_the_longest(
    project: Path,
):
    passed = run_tests(project, "-k", "not conformance")
    assert passed >= 2 * 2 * len(CELLS)


@pytest.mark.slow
def test_the_tests_of_every_cell_pass_under_a_name_of_one_letter(tmp_path: Path):
    # There are more cells than letters.
    for number, cells in enumerate((CELLS[::2], CELLS[1::2])):
        folder = write_project(tmp_path / str(number), (1,), cells)
        assert run_tests(folder, "-k", "not conformance") >= 2 * len(cells)


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_every_architecture_of_a_task_passes_the_conformance_suite(
    tmp_path: Path, task: str
):
    cells = [cell for cell in CELLS if cell[0] == task]
    folder = write_project(tmp_path, (40,), cells)
    assert run_tests(folder, "-k", "conformance") > 30 * len(cells)


@pytest.mark.slow
def test_it_passes_mypys_strict_checks(project: Path, tmp_path: Path):
    options = ["--strict", "--explicit-package-bases", f"--cache-dir={tmp_path}"]
    done = run("mypy", *options, "models", "tests", cwd=project)
    assert done.returncode == 0, done.stdout
    assert f"no issues found in {_number_of_files(project)} source files" in done.stdout


@pytest.mark.slow
def test_it_passes_pyrights_strict_checks(project: Path):
    settings = {"typeCheckingMode": "strict", "include": ["models", "tests"]}
    (project / "pyrightconfig.json").write_text(json.dumps(settings))
    python = f"--pythonpath={sys.executable}"
    done = run("pyright", python, "--outputjson", cwd=project)
    report = json.loads(done.stdout)
    assert report["generalDiagnostics"] == []
    assert report["summary"]["filesAnalyzed"] == _number_of_files(project)


@pytest.mark.parametrize("task", TASKS)
def test_a_stub_marks_exactly_two_places_to_change(task: str):
    model, *_ = (f.text for f in rendered(task, "stub", "MyNet") if "models" in f.path)
    marks = [line.strip() for line in model.splitlines() if "Change" in line]
    assert [mark[:15] for mark in marks] == ["# Change 1 of 2", "# Change 2 of 2"]


@pytest.mark.parametrize(("task", "arch"), CELLS)
def test_a_file_is_no_longer_than_by_hand(task: str, arch: str):
    lines = {f.path: f.text.count("\n") for f in rendered(task, arch, "MyNet")}
    assert lines["tests/test_my_net.py"] <= 60
    # An encoder and a decoder are two models.
    assert lines["models/my_net.py"] <= (195 if task == "seq2seq" else 160)


@pytest.mark.parametrize(("task", "arch"), CELLS)
def test_there_is_nothing_to_delete(task: str, arch: str):
    for file in rendered(task, arch, "MyNet"):
        for word in ("TODO", "FIXME", "XXX", "NotImplemented", "cookiecutter", "{%"):
            assert word not in file.text


def run_tests(project: Path, *selection: str) -> int:
    """Runs a project's tests and returns how many passed; none may fail or warn."""
    options = ["-q", "-W", "error", "-p", "no:cacheprovider"]
    done = run("pytest", *options, *selection, cwd=project)
    assert done.returncode == 0, done.stdout
    found = re.search(r"(\d+) passed", done.stdout)
    assert found is not None
    return int(found[1])


def _number_of_files(project: Path) -> int:
    return len([*project.glob("models/*.py"), *project.glob("tests/*.py")])
