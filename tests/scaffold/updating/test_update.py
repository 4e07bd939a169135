"""Generated models are brought to newer templates; the user's changes stay."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from own_templates import NewerTemplate
from trees import make_tree, snapshot
from updates import (
    CONFIG,
    MANIFEST,
    MODEL,
    TEST,
    conflict,
    edit,
    is_up_to_date,
    statuses,
)


@pytest.mark.usefixtures("newer")
def test_with_the_same_template_everything_is_identical(project: Path, run: Callable):
    edit(project, "import torch", "import math  # mine\nimport torch", TEST)
    before = snapshot(project)
    assert is_up_to_date(run)
    assert snapshot(project) == before


def test_what_the_user_has_not_touched_is_replaced(
    project: Path, run: Callable, newer: NewerTemplate
):
    newer.append("configs", "# new\n")
    newer.settings(_template_version="2")
    done = run("update")
    assert (done.exit_code, done.err) == (0, "")
    assert f"update     {CONFIG}" in done.out
    assert f"identical  {MODEL}" in done.out
    assert (project / CONFIG).read_text().endswith("# new\n")
    entry = json.loads((project / MANIFEST).read_text())["models"]["MyNet"]
    assert entry["template_version"] == "2"
    assert is_up_to_date(run)
    assert not (project / ".oumi-scaffold").exists()


def test_what_both_have_changed_is_merged_and_a_copy_is_kept(
    project: Path, run: Callable, newer: NewerTemplate
):
    edit(project, "import torch", "import math  # mine\nimport torch", TEST)
    mine = (project / TEST).read_text()
    newer.replace("tests", "VOCAB_SIZE = 100", "VOCAB_SIZE = 200")
    done = run("update", "--json")
    assert done.exit_code == 0
    assert statuses(done.document)[TEST] == "merge"
    text = (project / TEST).read_text()
    assert text == mine.replace("VOCAB_SIZE = 100", "VOCAB_SIZE = 200")
    assert (project / done.document["backup"] / TEST).read_text() == mine
    assert is_up_to_date(run)


def test_an_update_of_an_update_merges_from_the_last_one(
    project: Path, run: Callable, newer: NewerTemplate
):
    edit(project, "import torch", "import math  # mine\nimport torch", TEST)
    for size in ("200", "300"):
        newer.append("configs", f"# {size}\n")
        newer.replace("tests", "VOCAB_SIZE = ", f"VOCAB_SIZE = {size} + ")
        assert run("update").exit_code == 0
    assert "VOCAB_SIZE = 300 + 200 + 100" in (project / TEST).read_text()
    assert "# mine" in (project / TEST).read_text()
    assert (project / CONFIG).read_text().endswith("# 200\n# 300\n")


@pytest.mark.parametrize("options", [[], ["--dry-run"], ["--diff"]])
def test_a_conflict_is_named_by_its_line_and_nothing_is_written(
    project: Path, run: Callable, newer: NewerTemplate, options: list[str]
):
    line = conflict(project, newer)
    before = snapshot(project)
    done = run("update", *options)
    assert done.exit_code == 3
    assert done.err.startswith(f"error: cannot merge {TEST}:{line}; nothing was")
    assert done.err.count("\n") == 1
    assert f"conflict   {TEST}" in done.out
    assert f"update     {CONFIG}" in done.out
    assert ("-VOCAB_SIZE = 7" in done.out) is ("--diff" in options)
    as_json = run("update", "--json")
    assert as_json.exit_code == 3
    assert as_json.document["written"] is False
    assert as_json.document["conflicts"] == [
        {"path": TEST, "line": line, "reason": None}
    ]
    assert snapshot(project) == before


def test_conflicts_are_written_between_markers_if_that_is_wanted(
    project: Path, run: Callable, newer: NewerTemplate
):
    line = conflict(project, newer)
    mine = (project / TEST).read_text()
    done = run("update", "--markers")
    assert done.exit_code == 3
    assert f"with conflict markers in {TEST}:{line};" in done.err
    assert f"markers    {TEST}" in done.out
    text = (project / TEST).read_text()
    theirs = "=======\nVOCAB_SIZE = 200\n>>>>>>> the template's\n"
    assert f"<<<<<<< yours\nVOCAB_SIZE = 7\n{theirs}" in text
    assert (project / CONFIG).read_text().endswith("# new\n")
    (kept,) = project.glob(f".oumi-scaffold/backup-*/{TEST}")
    assert kept.read_text() == mine
    assert is_up_to_date(run)
    newer.replace("tests", "NUM_CLASSES = 5", "NUM_CLASSES = 6")
    again = run("update", "--markers")
    assert again.exit_code == 3
    assert f"{TEST}:{line} (a conflict is left from before)" in again.err


@pytest.mark.parametrize(("option", "size"), [("--skip", "7"), ("--force", "200")])
def test_a_conflict_is_decided_for_one_side(
    project: Path, run: Callable, newer: NewerTemplate, option: str, size: str
):
    conflict(project, newer)
    mine = (project / TEST).read_text()
    done = run("update", option)
    assert (done.exit_code, done.err) == (0, "")
    text = (project / TEST).read_text()
    assert f"VOCAB_SIZE = {size}\n" in text
    assert ("# mine" in text) is (option == "--skip")
    kept = [path.read_text() for path in project.glob(f".oumi-scaffold/*/{TEST}")]
    assert kept == ([] if option == "--skip" else [mine])
    assert (project / CONFIG).read_text().endswith("# new\n")
    assert is_up_to_date(run)


def test_a_merge_that_would_be_no_python_is_a_conflict(
    project: Path, run: Callable, newer: NewerTemplate
):
    edit(project, "        vocab_size:", "        size: int = 1,\n        vocab_size:")
    after = "        num_classes: int = {{ cookiecutter.num_classes | integer }},\n"
    more = f"{after}        size: int = 2,\n"
    newer.replace("templates/stub.py", after, more)
    before = snapshot(project)
    done = run("update")
    assert done.exit_code == 3
    assert f"{MODEL} (the merged file would be no valid Python)" in done.err
    assert snapshot(project) == before


def test_line_ends_that_a_checkout_changed_are_no_change_and_stay(
    project: Path, run: Callable, newer: NewerTemplate
):
    for path in (TEST, CONFIG):
        content = (project / path).read_bytes().replace(b"\n", b"\r\n")
        (project / path).write_bytes(content)
    assert is_up_to_date(run)
    edited = (project / TEST).read_bytes().replace(b"import torch", b"import torch  #")
    (project / TEST).write_bytes(edited)
    newer.replace("tests", "VOCAB_SIZE = 100", "VOCAB_SIZE = 200")
    newer.append("configs", "# new\n")
    done = run("update", "--json")
    assert statuses(done.document)[CONFIG] == "update"
    assert statuses(done.document)[TEST] == "merge"
    assert (project / TEST).read_bytes() == edited.replace(b"= 100", b"= 200")
    assert (project / CONFIG).read_bytes().endswith(b"\r\n# new\r\n")
    assert is_up_to_date(run)
    assert run("undo", "--dry-run").out.count("conflict") == 1


@pytest.mark.usefixtures("newer")
def test_other_answers_render_the_model_anew(project: Path, run: Callable):
    mine = edit(project, "nn.Linear(", "nn.Linear(  # mine\n            ")
    done = run("update", "MyNet", "--set", "hidden_dim=64")
    assert (done.exit_code, done.err) == (0, "")
    text = (project / MODEL).read_text()
    assert "hidden_dim: int = 64" in text
    assert "# mine" in text
    assert "hidden_dim: int = 64" not in mine
    assert "hidden_dim: 64" in (project / CONFIG).read_text()
    answers = json.loads((project / MANIFEST).read_text())["models"]["MyNet"]["answers"]
    assert answers["hidden_dim"] == 64
    assert is_up_to_date(run)
    assert run("update", "MyNet", "--set", "hidden_dim=32").exit_code == 0
    assert "hidden_dim: int = 32" in (project / MODEL).read_text()


def test_without_a_name_all_models_are_updated_or_none(
    project: Path, run: Callable, newer: NewerTemplate
):
    run("new-model", "Other")
    newer.append("configs", "# new\n")
    document = run("update", "--json", "--dry-run").document
    assert document["names"] == ["MyNet", "Other"]
    assert list(statuses(document).values()).count("update") == 3
    conflict(project, newer)
    before = snapshot(project)
    assert run("update").exit_code == 3
    assert snapshot(project) == before
    assert run("update", "Other").exit_code == 0
    assert "# new" in (project / "configs" / "other.yaml").read_text()
    assert "# new" not in (project / CONFIG).read_text()


def test_of_many_files_those_that_change_are_shown(
    project: Path, run: Callable, newer: NewerTemplate
):
    names = [f"Net{number}" for number in range(70)]
    make_tree(project, {"names": "\n".join(names)})
    assert run("new-model", "--from-file", "names").exit_code == 0
    for name in names:
        edit(project, "= 100", "= 7", f"tests/test_{name.lower()}.py")
    newer.replace("tests", "VOCAB_SIZE = 100", "VOCAB_SIZE = 200")
    done = run("update")
    assert done.exit_code == 3
    assert done.out.count("conflict ") == 70
    assert done.out.endswith("and 15 more files\n")
    assert done.err.count("tests/test_net") == 20
    assert " and 50 more; nothing was written" in done.err


def test_an_answer_that_is_not_asked_for_any_more_is_dropped_with_a_note(
    project: Path, run: Callable, newer: NewerTemplate
):
    run("update", "MyNet", "--set", "dropout=0.1")
    edit(project, '"arch": "stub"', '"arch": "stub", "gone": 1', MANIFEST)
    newer.append("configs", "# new\n")
    done = run("update")
    assert done.exit_code == 0
    assert done.err == ("note: MyNet: the template does not ask for gone any more\n")
    assert '"gone"' not in (project / MANIFEST).read_text()
