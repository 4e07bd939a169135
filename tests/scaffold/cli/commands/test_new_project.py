"""`new-project`: what it makes, prints and refuses."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from trees import make_tree, snapshot

from oumi_templates.catalog import TASKS

FILES = {
    ".gitignore",
    ".oumi-scaffold.json",
    ".oumi-scaffold.schema.json",
    "README.md",
    "configs/my_net.yaml",
    "oumi_requirements.txt",
    "pyproject.toml",
    "tests/test_my_net.py",
    "wave_lab/__init__.py",
    "wave_lab/models/my_net.py",
}


def files_of(project: Path) -> set[str]:
    return {p for p, content in snapshot(project).items() if content != "folder"}


@pytest.mark.parametrize("exists", [False, True])
def test_it_makes_a_folder_and_says_what_to_type_next(
    project: Path, run: Callable, exists: bool
):
    if exists:
        (project / "wave-lab").mkdir()
    done = run("new-project", "wave-lab")
    assert (done.exit_code, done.err) == (0, "")
    assert files_of(project / "wave-lab") == FILES
    assert len(re.findall(r"^create ", done.out, re.MULTILINE)) == len(FILES)
    assert done.out.endswith(
        "  cd wave-lab\n  python -m pip install -e '.[dev]'\n  python -m pytest -q\n"
        "  oumi-scaffold train -c configs/my_net.yaml\n"
    )


@pytest.mark.parametrize("task", TASKS)
def test_it_is_of_the_task_and_model_that_are_named(
    project: Path, run: Callable, task: str
):
    options = ("--task", task, "--model", "WaveNet", "--arch", "transformer", "--json")
    planned = run("new-project", "wave-lab", *options, "--dry-run").document
    assert snapshot(project) == {}
    written = run("new-project", "wave-lab", *options).document
    assert written == planned | {"written": True, "dry_run": False}
    facts = {name: written[name] for name in ("name", "model", "task", "arch")}
    expected = {"name": "wave-lab", "model": "WaveNet", "task": task}
    assert facts == expected | {"arch": "transformer"}
    made = tomllib.loads((project / "wave-lab" / "pyproject.toml").read_text())
    assert made["project"]["name"] == "wave-lab"
    assert made["tool"]["oumi-scaffold"]["task"] == task
    points = made["project"]["entry-points"]["oumi_runtime.models"]
    assert points == {"WaveNet": "wave_lab.models.wave_net:WaveNet"}
    readme = (project / "wave-lab" / "README.md").read_text()
    assert len(re.findall(r"^\$ ", readme, re.MULTILINE)) == 5
    assert "configs/wave_net.yaml" in readme


@pytest.mark.parametrize(
    "there",
    [{"wave-lab/notes.txt": "mine"}, {"wave-lab/.git/HEAD": ""}, {"wave-lab": ""}],
)
def test_a_folder_that_is_not_empty_is_left_alone(
    project: Path, run: Callable, there: dict[str, str]
):
    make_tree(project, there)
    before = snapshot(project)
    done = run("new-project", "wave-lab")
    assert (done.exit_code, done.out, snapshot(project)) == (3, "", before)
    assert done.err == "error: wave-lab is not an empty folder; choose a new one\n"


def test_a_link_is_not_followed(project: Path, run: Callable, tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    (project / "wave-lab").symlink_to(tmp_path / "elsewhere")
    assert run("new-project", "wave-lab").exit_code == 3
    assert snapshot(tmp_path / "elsewhere") == {}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Wave Lab", "it must be words of lower-case .* did you mean 'wave-lab'"),
        ("../lab", "it must be words of lower-case .* did you mean 'lab'"),
        ("", "it must be words"),
        ("a" * 65, "at most 64 characters"),
        ("wave--lab", "did you mean 'wave-lab'"),
        ("json", "Python has something of that name; did you mean 'my-json'"),
        ("class", "Python has something of that name"),
        ("torch", "the project uses it for something else; did you mean 'my-torch'"),
        ("datasets", "the project uses it for something else"),
        ("yaml", "an installed package has that name"),
        ("oumi-scaffold", "an installed package has that name"),
        ("test-lab", "pytest would collect it"),
    ],
)
def test_a_name_that_cannot_be_is_refused(
    project: Path, run: Callable, name: str, message: str
):
    done = run("new-project", name)
    assert (done.exit_code, snapshot(project)) == (2, {})
    assert re.search(f"cannot be the name of the project: .*{message}", done.err)


@pytest.mark.parametrize("options", [("--task", "waves"), ("--model", "my_net")])
def test_a_model_that_cannot_be_is_refused(
    project: Path, run: Callable, options: tuple[str, str]
):
    done = run("new-project", "wave-lab", *options)
    assert (done.exit_code, snapshot(project)) == (2, {})


def test_it_is_made_in_another_folder(project: Path, run: Callable):
    done = run("new-project", "wave-lab", "--output-dir", "labs")
    assert "  cd labs/wave-lab\n" in done.out
    assert files_of(project / "labs" / "wave-lab") == FILES


def test_more_is_added_to_it_and_taken_back(
    project: Path, run: Callable, monkeypatch: pytest.MonkeyPatch
):
    run("new-project", "wave-lab", "--task", "tabular-regression")
    monkeypatch.chdir(project / "wave-lab")
    before = snapshot(Path())
    assert run("update").exit_code == 0
    assert snapshot(Path()) == before
    assert run("new-dataset", "MyRows").exit_code == 0
    assert Path("wave_lab/data/my_rows.py").is_file()
    assert "features" in Path("wave_lab/data/my_rows.py").read_text()
    assert run("new-model", "OtherNet", "--arch", "mlp").exit_code == 0
    assert Path("wave_lab/models/other_net.py").is_file()
    assert run("undo").exit_code == 0
    assert run("undo").exit_code == 0
    assert snapshot(Path()) == before
