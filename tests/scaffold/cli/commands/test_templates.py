"""`new-template` copies one to start from; `check-template` tries all its choices."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from trees import make_tree, snapshot

from oumi_templates.catalog import TASKS, template_dir


def test_a_copy_is_the_built_in_template_and_renders_to_the_same(
    project: Path, run: Callable
):
    done = run("new-template", "mine", "--task", "image-classification")
    assert (done.exit_code, done.err) == (0, "")
    assert "oumi-scaffold new-model MyNet --template ./mine" in done.out
    own = {
        p: held for p, held in snapshot(project / "mine").items() if held != "folder"
    }
    theirs = snapshot(template_dir("image-classification"))
    assert {path: held[0] for path, held in own.items()} == {
        path: held[0]
        for path, held in theirs.items()
        if held != "folder" and "__pycache__" not in path
    }
    run("new-model", "MyNet", "--task", "image-classification", "--output-dir", "a")
    done = run("new-model", "MyNet", "--template", "./mine", "--output-dir", "b")
    assert (done.exit_code, done.err) == (0, "")
    files = [snapshot(project / each) for each in ("a", "b")]
    for tree in files:
        del tree[".oumi-scaffold.json"]
    assert files[0] == files[1]


@pytest.mark.parametrize(
    ("args", "exit_code", "reason"),
    [
        (["../mine"], 2, "ASCII letters"),
        (["/tmp/mine"], 2, "ASCII letters"),
        ([""], 2, "ASCII letters"),
        (["m" * 65], 2, "ASCII letters"),
        (["mine", "--task", "images"], 2, "there is no task"),
        (["taken"], 3, "exists already"),
        (["file"], 3, "not a folder"),
    ],
)
def test_a_copy_that_cannot_be_made_is_one_line(
    project: Path, run: Callable, args: list[str], exit_code: int, reason: str
):
    make_tree(project, {"taken/cookiecutter.json": "{}", "file": ""})
    before = snapshot(project)
    done = run("new-template", *args)
    assert done.exit_code == exit_code
    assert reason in done.err
    assert done.err.count("\n") == 1
    assert snapshot(project) == before


def small_template(folder: Path, assertion: str) -> Path:
    top = "{{ cookiecutter.project_slug }}"
    name = "{{ cookiecutter.module_name }}"
    model = (
        "class registry:\n"
        "    register = staticmethod(lambda *args: lambda cls: cls)\n\n"
        '@registry.register("{{ cookiecutter.model_name }}", None)\n'
        "class {{ cookiecutter.model_name }}:\n    kind = "
        '"{{ cookiecutter.kind }}"\n'
    )
    test = (
        f"from models.{name} import {{{{ cookiecutter.model_name }}}} as Net\n\n\n"
        f"def test_it():\n    assert {assertion}\n"
    )
    settings = {
        "model_name": "MyNet",
        "module_name": "my_net",
        "kind": ["wide", "deep"],
        "project_slug": "x",
    }
    return make_tree(
        folder,
        {
            "cookiecutter.json": json.dumps(settings),
            f"{top}/models/{name}.py": model,
            f"{top}/tests/test_{name}.py": test,
        },
    )


def test_every_choice_is_rendered_and_tested(project: Path, run: Callable):
    small_template(project / "mine", 'Net.kind in ("wide", "deep")')
    done = run("check-template", "mine")
    assert (done.exit_code, done.err) == (0, "")
    assert "kind=wide: 1 passed" in done.out
    assert "kind=deep: 1 passed" in done.out
    assert list(snapshot(project)) == list(snapshot(project))


def test_a_choice_whose_tests_fail_is_named(project: Path, run: Callable):
    small_template(project / "mine", 'Net.kind == "wide"')
    done = run("check-template", "mine", "--json")
    assert done.exit_code == 1
    statuses = [(c["choices"]["kind"], c["status"]) for c in done.document["checks"]]
    assert statuses == [("wide", "ok"), ("deep", "failed")]
    assert "1 of 2" in done.err


def test_a_template_that_does_not_render_fails(project: Path, run: Callable):
    small_template(project / "mine", "{{ cookiecutter.nothing }}")
    done = run("check-template", "mine")
    assert done.exit_code == 1
    assert "nothing" in done.out


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_the_built_in_templates_pass(run: Callable, project: Path, task: str):
    done = run("check-template", task)
    assert done.exit_code == 0, done.out
