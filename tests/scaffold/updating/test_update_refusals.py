"""Updates that cannot be: one line each, and nothing is written."""

from collections.abc import Callable
from pathlib import Path

import pytest
from own_templates import NewerTemplate
from trees import snapshot
from updates import (
    MANIFEST,
    edit,
)


@pytest.mark.parametrize(
    ("args", "exit_code", "reason"),
    [
        (["Other"], 2, "there is no generated model 'Other': use one of MyNet"),
        (["--set", "hidden_dim=3"], 2, "--set is for one model: give its NAME"),
        (["--template", "x"], 2, "--template is for one model"),
        (["--force", "--skip"], 2, "--force and --skip cannot be used together"),
        (["--skip", "--markers"], 2, "--skip and --markers cannot be used"),
        (["MyNet", "--set", "hiden_dim=3"], 2, "did you mean 'hidden_dim'?"),
        (["MyNet", "--set", "hidden_dim=x"], 2, "a whole number from 1"),
        (["MyNet", "--set", "hidden_dim"], 2, "write ARGUMENT=VALUE"),
        (["MyNet", "--set", "arch=mlp"], 2, "there is no constructor argument"),
        (["MyNet", "--template", "./nowhere"], 2, "there is no such folder; if it has"),
        (["--output-dir", "nowhere"], 2, "nothing generated is recorded"),
    ],
)
@pytest.mark.usefixtures("newer")
def test_a_request_that_cannot_be_met_is_one_line(
    project: Path, run: Callable, args: list[str], exit_code: int, reason: str
):
    before = snapshot(project.parent)
    done = run("update", *args)
    assert done.exit_code == exit_code
    assert reason in done.err
    assert done.err.count("\n") == 1
    assert snapshot(project.parent) == before


@pytest.mark.parametrize(
    ("old", "new", "exit_code", "reason"),
    [
        (
            '"text-classification"',
            '"vanished"',
            2,
            "cannot update 'MyNet': there",
        ),
        ('"stub"', '"gone"', 2, "there is no arch 'gone': use one of stub"),
        ('"scaffold_version": "', '"scaffold_version": "9', 2, "upgrade oumi-scaffold"),
        ('"answers"', '"layout": {"models": "../x"}, "answers"', 2, "layout of MyNet"),
        ('"answers"', '"layout": {"models": "a;b"}, "answers"', 2, "layout of MyNet"),
        ('"answers"', '"layout": 7, "answers"', 2, "layout of 'MyNet' is not"),
        ('"answers"', '"template_ref": 7, "answers"', 2, "'MyNet' has no template"),
        ('"MyNet": {', '"My Net": {', 2, "cannot be the name of the class"),
        ('"arch": "stub"', '"vocab_size": "x"', 1, "template text-classification"),
        ('"models/my_net.py"', '"../my_net.py"', 3, "outside of the project"),
        ('"models/my_net.py"', '"oumi_requirements.txt"', 3, "written twice"),
    ],
)
@pytest.mark.usefixtures("newer")
def test_a_manifest_that_cannot_be_followed_is_one_line(
    project: Path, run: Callable, old: str, new: str, exit_code: int, reason: str
):
    edit(project, old, new, MANIFEST)
    before = snapshot(project.parent)
    done = run("update")
    assert (done.exit_code, done.err.count("\n")) == (exit_code, 1), done.err
    assert reason in done.err
    assert snapshot(project.parent) == before


def test_a_template_that_asks_without_a_default_is_one_line(
    project: Path, run: Callable, newer: NewerTemplate
):
    newer.settings(question=None)
    before = snapshot(project)
    done = run("update")
    assert (done.exit_code, done.err.count("\n")) == (1, 1)
    assert "the default of question is not text" in done.err
    assert snapshot(project) == before
