"""A journal that this program has not written moves nothing, and leads nowhere."""

import json
from pathlib import Path

import pytest
from trees import make_tree, snapshot

from oumi_scaffold.exceptions import JournalError
from oumi_scaffold.writing.journal import Journal, Step, digest
from oumi_scaffold.writing.write import exclusive

AFTER = digest(b"new\n")


def journal(*paths: str, **changes: object) -> str:
    steps = tuple(Step(path, None, AFTER) for path in paths)
    return json.dumps(json.loads(Journal(steps, ()).to_json()) | changes)


def recover(project: Path) -> str | None:
    with exclusive(project) as done:
        return done


def test_the_steps_of_a_killed_run_are_finished(project: Path):
    own = {"journal.json": journal("a.py"), "stage/0": "new\n"}
    make_tree(project / ".oumi-scaffold", own)
    assert recover(project) == "completed the changes of an interrupted run"
    assert snapshot(project).keys() == {"a.py"}


@pytest.mark.parametrize(
    "files",
    [
        {"stage/0": "torn"},
        {"stage/0": "new\n", "undo.json": journal("a.py")},
    ],
)
def test_a_run_that_cannot_be_finished_is_taken_back(
    project: Path, files: dict[str, str]
):
    make_tree(project / ".oumi-scaffold", {"journal.json": journal("a.py")} | files)
    if "undo.json" in files:
        (project / ".oumi-scaffold" / "journal.json").unlink()
    assert recover(project) == "rolled back the changes of an interrupted run"
    assert snapshot(project) == {}


def test_a_file_that_was_changed_since_is_never_lost(project: Path):
    own = {"journal.json": journal("a.py", "b.py"), "stage/1": "new\n"}
    make_tree(project / ".oumi-scaffold", own)
    make_tree(project, {"a.py": "edited\n", "b.py": "mine\n"})
    assert recover(project) == "rolled back the changes of an interrupted run"
    assert (project / "a.py").read_text() == "edited\n"
    assert (project / "b.py").read_text() == "mine\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        "[" * 100_000,
        journal("../a.py"),
        journal("/etc/a.py"),
        journal(".git/hooks/pre-commit"),
        journal(".oumi-scaffold/journal.json"),
        journal("a.py", steps=[{"path": "a.py"}]),
        journal("a.py", steps=7),
        journal("a.py", folders=["../x"]),
        journal("a.py", folders="x"),
        journal("a.py", backup="../../x"),
        journal("a.py", backup="backup-../../x"),
        journal("a.py", backup=7),
        '{"steps": [{"path": 1, "before": null, "after": "x"}], "folders": []}',
    ],
)
@pytest.mark.parametrize("name", ["journal.json", "undo.json"])
def test_a_forged_journal_is_one_line_and_nothing_moves(
    project: Path, name: str, text: str
):
    make_tree(project / ".oumi-scaffold", {name: text, "stage/0": "new\n"})
    before = snapshot(project.parent)
    with pytest.raises(JournalError, match="not written by this program") as caught:
        recover(project)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
    assert snapshot(project.parent) == before


def test_a_link_among_the_staged_files_is_not_followed(project: Path, tmp_path: Path):
    make_tree(tmp_path, {"secret": "new\n"})
    make_tree(project / ".oumi-scaffold", {"journal.json": journal("a.py")})
    (project / ".oumi-scaffold" / "stage").mkdir()
    (project / ".oumi-scaffold" / "stage" / "0").symlink_to(tmp_path / "secret")
    before = snapshot(tmp_path)
    with pytest.raises(JournalError, match="neither a file nor a folder"):
        recover(project)
    assert snapshot(tmp_path) == before


def test_a_journal_that_is_a_link_is_not_read(project: Path, tmp_path: Path):
    make_tree(tmp_path, {"secret": journal("a.py")})
    make_tree(project / ".oumi-scaffold", {"stage/0": "new\n"})
    (project / ".oumi-scaffold" / "journal.json").symlink_to(tmp_path / "secret")
    with pytest.raises(JournalError, match="symbolic link"):
        recover(project)


def deletion(path: str, **changes: object) -> str:
    steps = (Step(path, AFTER, None),)
    emptied = (path.rpartition("/")[0],) if "/" in path else ()
    journal = Journal(steps, (), emptied=emptied)
    return json.dumps(json.loads(journal.to_json()) | changes)


def test_the_deletions_of_a_killed_run_are_finished(project: Path):
    make_tree(project / ".oumi-scaffold", {"journal.json": deletion("a/b.py")})
    make_tree(project, {"a/b.py": "new\n"})
    assert recover(project) == "completed the changes of an interrupted run"
    assert snapshot(project) == {}


def test_deletions_are_taken_back_with_their_folder(project: Path):
    own = {"undo.json": deletion("a/b.py"), "stage/0.before": "new\n"}
    make_tree(project / ".oumi-scaffold", own)
    assert recover(project) == "rolled back the changes of an interrupted run"
    assert (project / "a" / "b.py").read_text() == "new\n"


def test_a_file_that_was_changed_since_is_not_deleted(project: Path):
    make_tree(project / ".oumi-scaffold", {"journal.json": deletion("a/b.py")})
    make_tree(project, {"a/b.py": "edited\n"})
    assert recover(project) == "rolled back the changes of an interrupted run"
    assert (project / "a" / "b.py").read_text() == "edited\n"


def test_a_folder_behind_a_link_is_not_removed(project: Path, tmp_path: Path):
    make_tree(tmp_path / "outside" / "empty" / "__pycache__", {"a.pyc": ""})
    (project / "a").symlink_to(tmp_path / "outside")
    forged = deletion("b.py", emptied=["a/empty"])
    make_tree(project / ".oumi-scaffold", {"journal.json": forged})
    assert recover(project) == "completed the changes of an interrupted run"
    assert (tmp_path / "outside" / "empty" / "__pycache__" / "a.pyc").exists()


@pytest.mark.parametrize(
    "text",
    [
        deletion("b.py", emptied=["../x"]),
        deletion("b.py", emptied=7),
        deletion("b.py", steps=[{"path": "b.py", "before": None, "after": None}]),
    ],
)
def test_a_forged_deletion_deletes_nothing(project: Path, text: str):
    make_tree(project, {"b.py": "new\n", ".oumi-scaffold/journal.json": text})
    with pytest.raises(JournalError, match="not written by this program"):
        recover(project)
    assert (project / "b.py").read_text() == "new\n"
