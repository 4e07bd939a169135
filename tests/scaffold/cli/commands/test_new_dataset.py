"""`new-dataset`: what it writes, prints and refuses, and how it is taken back."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from trees import snapshot

from oumi_templates.catalog import TASKS


def files_of(project: Path) -> list[str]:
    return [path for path, content in snapshot(project).items() if content != "folder"]


def test_it_writes_four_files_and_says_what_to_put_into_a_config(
    project: Path, run: Callable
):
    done = run("new-dataset", "MyRows")
    assert (done.exit_code, done.err) == (0, "")
    assert files_of(project) == [
        ".oumi-scaffold.json",
        "data/my_rows.py",
        "oumi_requirements.txt",
        "tests/test_my_rows.py",
    ]
    assert (project / "oumi_requirements.txt").read_text() == "data/my_rows.py\n"
    assert '@register_dataset("my_rows")' in (project / "data/my_rows.py").read_text()
    assert done.out.endswith(
        "  datasets:\n    - dataset_name: my_rows\n      split: train\n"
    )
    assert "stream" not in done.out
    assert "  python -m pytest -q\n  oumi-scaffold check my_rows\n" in done.out


@pytest.mark.parametrize("kind", ["map", "stream"])
@pytest.mark.parametrize("task", TASKS)
def test_a_dry_run_writes_nothing_and_reports_the_same(
    project: Path, run: Callable, task: str, kind: str
):
    options = ("new-dataset", "MyRows", "--task", task, "--kind", kind, "--json")
    planned = run(*options, "--dry-run").document
    assert snapshot(project) == {}
    written = run(*options).document
    assert written == planned | {"written": True, "dry_run": False}
    fields = {name: planned[name] for name in ("name", "dataset_name", "task", "kind")}
    expected = {"name": "MyRows", "dataset_name": "my_rows", "task": task, "kind": kind}
    assert fields == expected


def test_a_stream_says_how_it_is_read(project: Path, run: Callable):
    done = run("new-dataset", "MyRows", "--kind", "stream")
    assert "\n  stream: true # false reads all rows at the start\n" in done.out


def test_it_is_listed_and_taken_by_models_configs(project: Path, run: Callable):
    run("new-dataset", "MyRows", "--task", "image-classification")
    assert "my_rows" in run("list", "datasets").out
    options = ("--task", "image-classification", "--dataset", "my_rows")
    assert run("new-model", "MyNet", *options).exit_code == 0
    assert "dataset_name: my_rows" in (project / "configs/my_net.yaml").read_text()
    assert run("validate", "configs/my_net.yaml").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        (["my_rows"], 2, "cannot be the name of the class: .* did you mean 'MyRows'"),
        (["Iterator"], 2, "generated files use it for something else"),
        (["MyRows", "--task", "texts"], 2, "there is no task 'texts'"),
        (
            ["MyRows", "--kind", "maps"],
            2,
            "there is no kind 'maps'.* did you mean 'map'",
        ),
        (["MyRows", "--force", "--skip"], 2, "cannot be used together"),
        (["Digits"], 3, "the name 'digits' is taken by a built-in dataset"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_written(
    project: Path, run: Callable, arguments: list[str], exit_code: int, message: str
):
    done = run("new-dataset", *arguments)
    assert done.exit_code == exit_code
    assert done.err.count("\n") == 1
    assert re.search(message, done.err), done.err
    assert snapshot(project) == {}


def test_a_file_in_the_way_is_a_conflict_that_can_be_decided(
    project: Path, run: Callable
):
    run("new-dataset", "MyRows")
    path = project / "data" / "my_rows.py"
    path.write_text(path.read_text() + "# mine\n")
    before = snapshot(project)
    done = run("new-dataset", "MyRows")
    assert (done.exit_code, snapshot(project)) == (3, before)
    assert "data/my_rows.py exists already; nothing was written" in done.err
    assert run("new-dataset", "MyRows", "--skip").exit_code == 0
    assert path.read_text().endswith("# mine\n")
    assert run("new-dataset", "MyRows", "--force").exit_code == 0
    assert not path.read_text().endswith("# mine\n")


def test_a_dataset_of_that_name_elsewhere_is_a_conflict(project: Path, run: Callable):
    run("new-dataset", "MyRows")
    (project / "data" / "my_rows.py").rename(project / "data" / "rows.py")
    (project / "oumi_requirements.txt").write_text("data/rows.py\n")
    done = run("new-dataset", "MyRows")
    assert done.exit_code == 3
    assert "the name 'my_rows' is taken by" in done.err
    assert "data/rows.py" in done.err


def test_undo_takes_it_back(project: Path, run: Callable):
    run("new-model", "MyNet")
    before = snapshot(project)
    run("new-dataset", "MyRows")
    assert run("undo", "MyRows").exit_code == 0
    assert snapshot(project) == before


def test_update_finds_it_up_to_date_and_brings_it_what_it_lacks(
    project: Path, run: Callable
):
    run("new-dataset", "MyRows", "--task", "seq2seq", "--kind", "stream")
    before = snapshot(project)
    assert run("update").exit_code == 0
    assert snapshot(project) == before
    done = run("update", "MyRows", "--set", "width=3")
    assert done.exit_code == 2
    assert snapshot(project) == before


def test_folders_are_those_of_the_project(project: Path, run: Callable):
    settings = (
        '[tool.oumi-scaffold]\ndata = "src/rows"\ntests = "checks"\ntask = "{}"\n'
    )
    (project / "pyproject.toml").write_text(settings.format("tabular-regression"))
    assert run("new-dataset", "MyRows").exit_code == 0
    assert (project / "src" / "rows" / "my_rows.py").is_file()
    test = (project / "checks" / "test_my_rows.py").read_text()
    assert "from src.rows.my_rows import MyRows" in test
    assert '"features"' in test
    assert run("update").exit_code == 0
    assert run("undo").exit_code == 0
    assert files_of(project) == ["pyproject.toml"]


@pytest.mark.parametrize("folder", ["a-b", "../data", "models"])
def test_a_folder_that_cannot_be_is_refused(project: Path, run: Callable, folder: str):
    (project / "pyproject.toml").write_text(
        f'[tool.oumi-scaffold]\ndata = "{folder}"\n'
    )
    done = run("new-dataset", "MyRows")
    assert (done.exit_code, files_of(project)) == (2, ["pyproject.toml"])
    assert "[tool.oumi-scaffold]" in done.err


def test_doctor_finds_its_files(project: Path, run: Callable):
    run("new-dataset", "MyRows")
    assert "MyRows: 2 files, 0 of them edited" in run("doctor").out
