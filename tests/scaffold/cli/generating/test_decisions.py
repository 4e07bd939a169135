"""Files in the way: what options and answers do to them."""

import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from trees import make_tree, snapshot

MINE = {"models/my_net.py": "mine\n", "configs/my_net.yaml": "a: 1\n"}
# In the order in which they are asked about.
CONFIG, MODEL = "configs/my_net.yaml", "models/my_net.py"


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is typed on a terminal, one answer after the other."""
    typed: list[str] = []
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(
        "oumi_scaffold.cli.generating.decisions.is_interactive", lambda: True
    )
    monkeypatch.setattr(click, "prompt", lambda text, **kwargs: typed.pop(0))
    return typed


def is_mine(project: Path) -> dict[str, bool]:
    return {
        path: (project / path).read_text() == MINE[path] for path in (CONFIG, MODEL)
    }


@pytest.mark.parametrize(
    ("typed", "mine"),
    [
        (["yes", "yes"], {CONFIG: False, MODEL: False}),
        (["no", "y"], {CONFIG: True, MODEL: False}),
        (["n", "n"], {CONFIG: True, MODEL: True}),
        (["all"], {CONFIG: False, MODEL: False}),
        (["no", "a"], {CONFIG: True, MODEL: False}),
        (["diff", "yes", "d", "no"], {CONFIG: False, MODEL: True}),
    ],
)
def test_on_a_terminal_each_file_is_asked_about(
    project: Path, run: Callable, answers: list[str], typed: list[str], mine: dict
):
    make_tree(project, MINE)
    answers += typed
    done = run("new-model", "MyNet")
    assert (done.exit_code, answers) == (0, [])
    assert is_mine(project) == mine
    assert (project / "tests" / "test_my_net.py").is_file()
    kept = [p.read_text() for p in project.glob(".oumi-scaffold/backup-*/*/*")]
    assert sorted(kept) == sorted(MINE[path] for path in MINE if not mine[path])
    if "diff" in typed:
        assert "-a: 1" in done.out
        assert "+  model_name: MyNet" in done.out


@pytest.mark.parametrize(("typed", "is_mine"), [(["no"], True), (["yes"], False)])
def test_update_asks_about_each_file_in_conflict(
    project: Path, run: Callable, answers: list[str], typed: list[str], is_mine: bool
):
    run("new-model", "MyNet")
    make_tree(project, {MODEL: "mine\n"})
    answers += typed
    done = run("update", "MyNet", "--set", "hidden_dim=64")
    assert (done.exit_code, answers) == (0, [])
    assert ((project / MODEL).read_text() == "mine\n") is is_mine
    assert "hidden_dim: 64" in (project / CONFIG).read_text()


@pytest.mark.parametrize(("typed", "is_there"), [(["no"], True), (["d", "y"], False)])
def test_undo_asks_about_each_file_that_was_changed(
    project: Path, run: Callable, answers: list[str], typed: list[str], is_there: bool
):
    run("new-model", "MyNet")
    make_tree(project, {MODEL: "mine\n"})
    answers += typed
    done = run("undo")
    assert (done.exit_code, answers) == (0, [])
    assert (project / MODEL).exists() is is_there
    assert not (project / CONFIG).exists()
    assert ("-mine" in done.out) is ("d" in typed)


def test_quitting_writes_nothing(project: Path, run: Callable, answers: list[str]):
    make_tree(project, MINE)
    before = snapshot(project)
    answers += ["yes", "quit"]
    done = run("new-model", "MyNet")
    assert done.exit_code == 3
    assert "nothing was written" in done.err
    assert snapshot(project) == before


def test_only_a_terminal_is_asked(project: Path, run: Callable):
    make_tree(project, MINE)
    assert run("new-model", "MyNet").exit_code == 3


@pytest.mark.parametrize("options", [["--dry-run"], ["--json"]])
def test_a_plan_and_a_program_are_not_asked(
    project: Path, run: Callable, answers: list[str], options: list[str]
):
    make_tree(project, MINE)
    done = run("new-model", "MyNet", *options)
    assert done.exit_code == 3
    assert "--skip" in done.err


def test_skipping_leaves_what_is_there(project: Path, run: Callable):
    make_tree(project, MINE)
    done = run("new-model", "MyNet", "--skip")
    assert (done.exit_code, done.err) == (0, "")
    assert f"skip       {MODEL}" in done.out
    assert is_mine(project) == {CONFIG: True, MODEL: True}
    assert not (project / ".oumi-scaffold").exists()


def test_forcing_says_where_it_keeps_what_was_there(project: Path, run: Callable):
    make_tree(project, MINE)
    done = run("new-model", "MyNet", "--force", "--json")
    assert done.exit_code == 0
    statuses = {file["path"]: file["status"] for file in done.document["files"]}
    assert (statuses[MODEL], statuses[CONFIG]) == ("force", "force")
    assert (project / done.document["backup"] / MODEL).read_text() == "mine\n"
    again = run("new-model", "MyNet", "--force")
    assert again.exit_code == 0
    assert again.out.count("identical") == 6


@pytest.mark.parametrize("option", ["--force", "--skip"])
def test_a_dry_run_is_the_plan_of_the_real_run(
    project: Path, run: Callable, option: str
):
    make_tree(project, MINE)
    before = snapshot(project)
    dry = run("new-model", "MyNet", option, "--dry-run", "--json", "--diff").document
    assert snapshot(project) == before
    real = run("new-model", "MyNet", option, "--json", "--diff").document
    for document in (dry, real):
        del document["dry_run"], document["written"], document["backup"]
    assert dry == real
    assert any(
        "-mine" in line for file in dry["files"] for line in file.get("diff", [])
    )


def test_the_options_exclude_each_other(project: Path, run: Callable):
    done = run("new-model", "MyNet", "--force", "--skip")
    assert (done.exit_code, snapshot(project)) == (2, {})


def test_a_model_that_is_there_as_it_would_be_written_is_taken(
    project: Path, run: Callable
):
    run("new-model", "MyNet")
    before = snapshot(project)
    done = run("new-model", "MyNet")
    assert done.exit_code == 3
    assert "the name 'MyNet' is taken by" in done.err
    assert snapshot(project) == before


def test_a_model_that_was_edited_is_in_the_way(project: Path, run: Callable):
    run("new-model", "MyNet")
    model = project / MODEL
    model.write_text(model.read_text() + "# edited\n")
    done = run("new-model", "MyNet", "--diff")
    assert done.exit_code == 3
    assert f"{MODEL} exists already" in done.err
    assert "-# edited" in done.out


def test_a_diff_shows_nothing_that_a_terminal_would_act_on(
    project: Path, run: Callable
):
    make_tree(project, {MODEL: "\x1b[31mred\x07\r\n"})
    (project / CONFIG).parent.mkdir()
    (project / CONFIG).write_bytes(b"\xef\xbb\xbfa: \xe9\n")
    done = run("new-model", "MyNet", "--diff")
    assert "-\\x1b[31mred\\x07\\r" in done.out
    assert "-\\ufeffa: \\xe9" in done.out
    assert "\x1b" not in done.out
