"""`new-model`: what it writes, prints and refuses."""

import ast
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from trees import make_tree, snapshot

from oumi_scaffold import __version__
from oumi_scaffold.generating import classes
from oumi_scaffold.rendering.render import RenderedFile
from oumi_templates.catalog import TASKS

CELLS = [(task, arch) for task in TASKS for arch in TASKS[task].architecture_names]


def test_it_writes_six_files_and_says_what_to_type_next(project: Path, run: Callable):
    done = run("new-model", "MyNet")
    assert (done.exit_code, done.err) == (0, "")
    files = [path for path, content in snapshot(project).items() if content != "folder"]
    assert files == [
        ".oumi-scaffold.json",
        ".oumi-scaffold.schema.json",
        "configs/my_net.yaml",
        "models/my_net.py",
        "oumi_requirements.txt",
        "tests/test_my_net.py",
    ]
    assert sorted(line for line in done.out.splitlines() if "create" in line) == sorted(
        f"create     {file}" for file in files
    )
    assert done.out.endswith(
        "  python -m pytest -q\n  oumi-scaffold train -c configs/my_net.yaml\n"
    )


@pytest.mark.parametrize(("task", "arch"), CELLS)
@pytest.mark.parametrize("name", ["X", "N" * 64])
def test_every_cell_renders_to_files_that_can_be_read(
    project: Path, run: Callable, task: str, arch: str, name: str
):
    assert run("new-model", name, "--task", task, "--arch", arch).exit_code == 0
    module = name.lower()
    model = (project / "models" / f"{module}.py").read_text()
    assert name in model
    ast.parse((project / "tests" / f"test_{module}.py").read_text())
    config = yaml.safe_load((project / "configs" / f"{module}.yaml").read_text())
    assert config["model"]["model_name"] == name
    assert (project / "oumi_requirements.txt").read_text() == f"models/{module}.py\n"
    for path in project.rglob("*"):
        if path.is_file():
            text = path.read_text()
            assert "cookiecutter" not in text
            assert text.endswith("\n")
            assert not text.endswith("\n\n")


def test_a_dry_run_prints_the_same_plan_and_writes_nothing(
    project: Path, run: Callable
):
    make_tree(project, {"oumi_requirements.txt": "models/old.py\n"})
    before = snapshot(project)
    dry = run("new-model", "MyNet", "--dry-run")
    assert snapshot(project) == before
    real = run("new-model", "MyNet")
    plan = [line for line in real.out.splitlines() if line.startswith(("cre", "upd"))]
    assert len(plan) == 6
    assert dry.out.splitlines()[: len(plan)] == plan
    assert "Nothing was written" in dry.out


def test_json_is_one_document_and_the_same_for_a_dry_run(project: Path, run: Callable):
    dry = run("new-model", "MyNet", "--json", "--dry-run").document
    assert list(project.iterdir()) == []
    real = run("new-model", "MyNet", "--json").document
    assert (dry.pop("dry_run"), dry.pop("written")) == (True, False)
    assert (real.pop("dry_run"), real.pop("written")) == (False, True)
    assert dry == real
    assert real["project"] == str(project)
    assert {"path": "models/my_net.py", "status": "create"} in real["files"]


def test_a_default_of_the_constructor_can_be_set(project: Path, run: Callable):
    done = run(
        *("new-model", "MyNet", "--arch", "mlp"),
        *("--set", "hidden_dim=256", "--set", "dropout=1e-1"),
    )
    assert (done.exit_code, done.err) == (0, "")
    model = (project / "models" / "my_net.py").read_text()
    assert "        hidden_dim: int = 256,\n" in model
    assert "        dropout: float = 0.1,\n" in model
    config = yaml.safe_load((project / "configs" / "my_net.yaml").read_text())
    assert config["model"]["model_kwargs"]["hidden_dim"] == 256
    manifest = json.loads((project / ".oumi-scaffold.json").read_text())
    answers = manifest["models"]["MyNet"]["answers"]
    assert (answers["hidden_dim"], answers["dropout"]) == (256, 0.1)


@pytest.mark.parametrize("twice", [["hidden_dim=1", "hidden_dim=1"], ["a=1", "a=2"]])
def test_an_argument_that_is_set_twice_is_refused(run: Callable, twice: list[str]):
    done = run("new-model", "MyNet", "--set", twice[0], "--set", twice[1])
    assert done.exit_code == 2
    assert "is set twice" in done.err


def test_a_second_model_is_added_to_the_shared_files(project: Path, run: Callable):
    run("new-model", "MyNet")
    requirements = project / "oumi_requirements.txt"
    requirements.write_text("# mine\n" + requirements.read_text() + "lib/own.py\n")
    (project / "lib").mkdir()
    (project / "lib" / "own.py").write_text("")
    model = project / "models" / "my_net.py"
    model.write_text(model.read_text() + "# edited\n")
    edited = snapshot(project)

    done = run("new-model", "HTTPNet", "--task", "image-classification")

    assert done.exit_code == 0
    assert "update     oumi_requirements.txt" in done.out
    assert requirements.read_text() == (
        "# mine\nmodels/my_net.py\nlib/own.py\nmodels/http_net.py\n"
    )
    manifest = json.loads((project / ".oumi-scaffold.json").read_text())
    assert list(manifest["models"]) == ["MyNet", "HTTPNet"]
    assert manifest["scaffold_version"] == __version__
    after = snapshot(project)
    shared = {"oumi_requirements.txt", ".oumi-scaffold.json"}
    assert {path: after[path] for path in edited.keys() - shared} == {
        path: edited[path] for path in edited.keys() - shared
    }


@pytest.mark.parametrize(
    ("args", "exit_code", "message"),
    [
        (["../../x"], 2, "did you mean 'X'?"),
        (["class"], 2, "did you mean 'ClassModel'?"),
        (["Class"], 2, "keyword"),
        (["My Net"], 2, "did you mean 'MyNet'?"),
        (["my-net"], 2, "did you mean 'MyNet'?"),
        ([""], 2, "cannot be the name of the class"),
        (["{{ 7 * 7 }}"], 2, "cannot be the name of the class"),
        (["N" * 10_000], 2, "(10000 characters)"),
        (["--", "--force"], 2, "did you mean 'Force'?"),
        (["--frce"], 2, "No such option"),
        ([], 2, "Missing argument 'NAME'"),
        (["A", "B"], 2, "unexpected extra argument"),
        (["MyNet", "--task", "image"], 2, "did you mean 'image-classification'?"),
        (["MyNet", "--arch", "rnn"], 2, "use one of stub, mlp"),
        (["MyNet", "--task"], 2, "requires an argument"),
        (["MyNet", "--output-dir", "file"], 2, "is a file"),
        (["MyNet", "--set", "hidden_dim"], 2, "write ARGUMENT=VALUE"),
        (["MyNet", "--set", "=3"], 2, "write ARGUMENT=VALUE"),
        (["MyNet", "--set", "hiden_dim=3"], 2, "did you mean 'hidden_dim'?"),
        (["MyNet", "--set", "dropout=0.5"], 2, "use one of vocab_size, hidden_dim"),
        (["MyNet", "--set", "model_name=Other"], 2, "use one of vocab_size"),
        (["MyNet", "--set", "__package=os"], 2, "use one of vocab_size"),
        (["MyNet", "--set", "arch=mlp"], 2, "use one of vocab_size"),
        (["MyNet", "--set", "hidden_dim=many"], 2, "a whole number from 1 to"),
        (["MyNet", "--set", "hidden_dim=True"], 2, "a whole number from 1 to"),
        (["MyNet", "--set", "hidden_dim={{ 7 * 7 }}"], 2, "a whole number from 1"),
        (["MLPEncoder"], 3, "by a built-in model"),
        (["mlpENCODER"], 2, "cannot be the name of the class"),
        (["MlpEncoder"], 3, "as 'MLPEncoder'"),
        (["Listed"], 3, "lib/nets.py:4"),
        (["Blocked"], 3, "models/blocked.py exists already"),
        (["Linked"], 3, "linked.py is a symbolic link"),
    ],
)
def test_a_request_that_cannot_be_met_is_one_line_and_nothing_is_written(
    project: Path, run: Callable, args: list[str], exit_code: int, message: str
):
    make_tree(
        project,
        {
            "file": "",
            "oumi_requirements.txt": "lib/nets.py\n",
            "lib/nets.py": "from oumi_runtime.core import registry\n\n\n"
            '@registry.register("Listed", registry.RegistryType.MODEL)\n'
            "class Net: ...\n",
            "models/blocked.py": "mine\n",
        },
    )
    (project / "models" / "linked.py").symlink_to("../file")
    before = snapshot(project.parent)
    done = run("new-model", *args)
    assert done.exit_code == exit_code
    assert message in done.err
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert snapshot(project.parent) == before


def test_a_conflict_shows_the_plan_and_names_every_file(project: Path, run: Callable):
    make_tree(project, {"models/my_net.py": "mine\n", "configs/my_net.yaml": "a: 1\n"})
    before = snapshot(project)
    done = run("new-model", "MyNet")
    assert done.exit_code == 3
    assert "conflict   models/my_net.py" in done.out
    assert "create     tests/test_my_net.py" in done.out
    assert "configs/my_net.yaml, models/my_net.py exist already" in done.err
    assert "pytest" not in done.out
    as_json = run("new-model", "MyNet", "--json")
    assert as_json.exit_code == 3
    assert as_json.document["written"] is False
    assert snapshot(project) == before


@pytest.mark.parametrize(
    ("text", "exit_code", "message"),
    [("{", 2, "not valid JSON"), ('{"format": 9}', 2, "upgrade oumi-scaffold")],
)
def test_a_manifest_that_cannot_be_read_stops_it(
    project: Path, run: Callable, text: str, exit_code: int, message: str
):
    make_tree(project, {".oumi-scaffold.json": text})
    before = snapshot(project)
    done = run("new-model", "MyNet")
    assert done.exit_code == exit_code
    assert message in done.err
    assert snapshot(project) == before


@pytest.mark.parametrize(
    ("path", "text", "where"),
    [
        ("models/a.py", "def", "models/a.py:1"),
        ("configs/a.yaml", "a: [", "configs/a.yaml"),
        ("configs/a.yaml", "a: !!python/object:os.system {}", "configs/a.yaml"),
        ("a.json", "{", "a.json"),
        ("../a.txt", "", "../a.txt"),
        ("OUMI_requirements.txt", "", "oumi_requirements.txt"),
    ],
)
def test_a_bad_rendering_is_found_before_anything_is_written(
    project: Path,
    run: Callable,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    text: str,
    where: str,
):
    good = '@register("MyNet", MODEL)\nclass MyNet: ...\n'
    files = (RenderedFile("good.py", good), RenderedFile(path, text))
    monkeypatch.setattr(classes.Renderer, "render", lambda *args: files)
    done = run("new-model", "MyNet")
    assert done.exit_code in (1, 3)
    assert where in done.err
    assert done.err.count("\n") == 1
    assert snapshot(project.parent) == {"project": "folder"}


def test_the_project_can_be_another_folder_which_is_created(
    project: Path, run: Callable
):
    done = run("new-model", "MyNet", "--output-dir", "new/place")
    assert done.exit_code == 0
    assert (project / "new" / "place" / "models" / "my_net.py").is_file()
    assert "  cd new/place\n" in done.out
    again = run("new-model", "MyNet", "--output-dir", "new/place", "--dry-run")
    assert "create" not in again.out


def test_a_full_disk_leaves_the_project_as_it_was(
    project: Path, run: Callable, monkeypatch: pytest.MonkeyPatch
):
    def full(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device", str(target))

    run("new-model", "MyNet")
    before = snapshot(project)
    monkeypatch.setattr(os, "link", full)
    monkeypatch.setattr(Path, "rename", full)
    done = run("new-model", "Other")
    assert done.exit_code == 1
    assert "No space left on device; nothing was changed" in done.err
    assert snapshot(project) == before


@pytest.mark.parametrize(
    ("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_signal_in_the_middle_leaves_the_project_as_it_was(
    project: Path, number: int, exit_code: int
):
    # The second file's move into place waits for the signal.
    program = """
import os, signal, sys, time
from oumi_scaffold.cli import main

# A shell has what it starts in the background ignore it, these tests for one.
signal.signal(signal.SIGINT, signal.default_int_handler)
real, calls = os.link, []

def slow(source, target):
    calls.append(target)
    if len(calls) == 2:
        print("ready", flush=True)
        time.sleep(60)
    real(source, target)

os.link = slow
sys.exit(main(["new-model", "MyNet"]))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=project, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "ready\n"
        assert (project / "configs" / "my_net.yaml").is_file()
        started = time.monotonic()
        process.send_signal(number)
        assert process.wait(timeout=30) == exit_code
    assert time.monotonic() - started < 30
    assert snapshot(project) == {}
