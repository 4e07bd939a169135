"""Generated models are brought to newer templates; the user's changes stay."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from own_templates import NewerTemplate
from trees import make_tree, snapshot

from oumi_scaffold.project.generated_text import packed

MODEL, CONFIG, TEST = "models/my_net.py", "configs/my_net.yaml", "tests/test_my_net.py"
MANIFEST = ".oumi-scaffold.json"


@pytest.fixture
def newer(
    project: Path, tmp_path: Path, run: Callable, monkeypatch: pytest.MonkeyPatch
) -> NewerTemplate:
    """A model was generated; its template can be edited since."""
    run("new-model", "MyNet")
    folder = tmp_path / "newer"
    return NewerTemplate("text-classification", folder, monkeypatch)


def statuses(document: dict) -> dict[str, str]:
    return {file["path"]: file["status"] for file in document["files"]}


def edit(project: Path, old: str, new: str, path: str = MODEL) -> str:
    text = (project / path).read_text()
    assert old in text
    (project / path).write_text(text.replace(old, new, 1))
    return text


def is_up_to_date(run: Callable) -> bool:
    done = run("update", "--json")
    assert (done.exit_code, done.err) == (0, "")
    return set(statuses(done.document).values()) <= {"identical", "gone"}


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


def conflict(project: Path, newer: NewerTemplate) -> int:
    """Has both change one line; returns its number in the user's file."""
    edit(project, '"""Tests for', '# mine\n"""Tests for', TEST)
    edit(project, "VOCAB_SIZE = 100", "VOCAB_SIZE = 7", TEST)
    newer.replace("tests", "VOCAB_SIZE = 100", "VOCAB_SIZE = 200")
    newer.append("configs", "# new\n")
    lines = (project / TEST).read_text().splitlines()
    return lines.index("VOCAB_SIZE = 7") + 1


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


def test_files_that_the_template_has_no_more_are_deleted_and_new_ones_created(
    project: Path, run: Callable, newer: NewerTemplate
):
    newer.path("configs").unlink()
    newer.add({"notes/{{ cookiecutter.module_name }}.md": "new\n"})
    done = run("update", "--json")
    assert done.exit_code == 0
    files = statuses(done.document)
    assert (files[CONFIG], files["notes/my_net.md"]) == ("delete", "create")
    assert not (project / CONFIG).exists()
    assert (project / "notes" / "my_net.md").read_text() == "new\n"
    assert is_up_to_date(run)
    assert run("undo").exit_code == 0
    assert snapshot(project) == {}


def test_a_model_that_moves_is_listed_at_its_new_place(
    project: Path, run: Callable, newer: NewerTemplate
):
    make_tree(project, {"oumi_requirements.txt": f"# mine\n{MODEL}\nother.py\n"})
    folder = newer.path("models").parent
    folder.rename(folder.with_name("nets"))
    done = run("update", "--json")
    assert done.exit_code == 0
    assert statuses(done.document)[MODEL] == "delete"
    listed = (project / "oumi_requirements.txt").read_text()
    assert listed == "# mine\nother.py\nnets/my_net.py\n"
    assert not (project / "models").exists()
    folders = json.loads((project / MANIFEST).read_text())["folders"]
    assert folders == ["configs", "nets", "tests"]
    assert is_up_to_date(run)
    assert run("undo").exit_code == 0
    assert snapshot(project).keys() == {"oumi_requirements.txt"}


def test_a_folder_in_which_the_template_has_another_file_now_stays(
    project: Path, run: Callable, newer: NewerTemplate
):
    tests = newer.path("tests")
    tests.rename(tests.with_name("{{ cookiecutter.module_name }}_test.py"))
    assert run("update").exit_code == 0
    assert [path.name for path in (project / "tests").iterdir()] == ["my_net_test.py"]
    assert is_up_to_date(run)


def test_a_file_that_another_model_needs_is_not_deleted(
    project: Path, run: Callable, newer: NewerTemplate
):
    newer.add({"notes/shared.md": "one\n"})
    for name in ("One", "Two"):
        assert run("new-model", name).exit_code == 0
    newer.path("{{ cookiecutter.project_slug }}/notes/shared.md").unlink()
    assert run("update", "One").exit_code == 0
    assert (project / "notes" / "shared.md").exists()
    assert run("update", "Two").exit_code == 0
    assert not (project / "notes" / "shared.md").exists()


def test_changed_and_foreign_files_are_not_deleted_nor_replaced(
    project: Path, run: Callable, newer: NewerTemplate
):
    newer.path("configs").unlink()
    newer.add({"notes/{{ cookiecutter.module_name }}.md": "new\n"})
    make_tree(project, {CONFIG: "a: 1\n", "notes/my_net.md": "mine\n"})
    before = snapshot(project)
    done = run("update")
    assert done.exit_code == 3
    assert f"{CONFIG} (you changed it, and the template has it no more)" in done.err
    assert "notes/my_net.md (the template has it now, and so had you)" in done.err
    assert snapshot(project) == before
    assert run("update", "--skip").exit_code == 0
    assert (project / CONFIG).read_text() == "a: 1\n"
    assert (project / "notes" / "my_net.md").read_text() == "mine\n"


def test_files_that_the_user_deleted_stay_deleted(
    project: Path, run: Callable, newer: NewerTemplate
):
    (project / TEST).unlink()
    newer.append("tests", "\n# new\n")
    newer.append("configs", "# new\n")
    done = run("update")
    assert done.exit_code == 0
    assert f"gone       {TEST}" in done.out
    assert not (project / TEST).exists()
    assert is_up_to_date(run)


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


def test_folders_that_were_changed_in_the_settings_move_no_file(
    project: Path, run: Callable, newer: NewerTemplate
):
    settings = '[tool.oumi-scaffold]\nmodels = "src/nets"\ntests = "spec"\n'
    make_tree(project, {"pyproject.toml": settings})
    run("new-model", "Other")
    newer.append("tests", "# new\n")
    document = run("update", "--json").document
    assert {
        path for path, status in statuses(document).items() if status == "update"
    } == {
        *(TEST, "spec/test_other.py", MANIFEST),
    }
    assert is_up_to_date(run)


def without_texts(project: Path) -> None:
    """Makes the manifest one of an older version."""
    document = json.loads((project / MANIFEST).read_text())
    del document["folders"], document["models"]["MyNet"]["texts"]
    (project / MANIFEST).write_text(json.dumps(document, indent=2) + "\n")


def test_an_older_manifest_has_what_an_update_of_untouched_files_needs(
    project: Path, run: Callable, newer: NewerTemplate
):
    without_texts(project)
    newer.append("configs", "# new\n")
    assert run("update").exit_code == 0
    assert (project / CONFIG).read_text().endswith("# new\n")
    assert is_up_to_date(run)
    entry = json.loads((project / MANIFEST).read_text())["models"]["MyNet"]
    assert "texts" in entry


@pytest.mark.usefixtures("newer")
def test_an_older_manifest_is_enough_for_other_answers_of_the_same_template(
    project: Path, run: Callable
):
    edit(project, "nn.Linear(", "nn.Linear(  # mine\n            ")
    without_texts(project)
    assert run("update").exit_code == 0
    without_texts(project)
    done = run("update", "MyNet", "--set", "hidden_dim=64", "--json")
    assert done.exit_code == 0
    assert statuses(done.document)[MODEL] == "merge"


def test_an_older_manifest_cannot_tell_what_a_changed_file_was(
    project: Path, run: Callable, newer: NewerTemplate
):
    edit(project, "import torch", "import torch  # mine", TEST)
    without_texts(project)
    newer.append("tests", "# new\n")
    done = run("update")
    assert done.exit_code == 3
    assert f"{TEST} (what it was generated with is not known)" in done.err


def test_a_damaged_text_in_the_manifest_does_no_harm(
    project: Path, run: Callable, newer: NewerTemplate
):
    edit(project, "import torch", "import torch  # mine", TEST)
    document = json.loads((project / MANIFEST).read_text())
    document["models"]["MyNet"]["texts"] = packed({TEST: "something else\n"})
    (project / MANIFEST).write_text(json.dumps(document))
    newer.append("tests", "# new\n")
    done = run("update")
    assert done.exit_code == 3
    assert f"{TEST} (what it was generated with is not known)" in done.err


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
