"""A model is taken back: the project is as it was before, but for what is not ours."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from trees import make_tree, snapshot

from oumi_scaffold.project import schema_file

MODEL, CONFIG, TEST = "models/my_net.py", "configs/my_net.yaml", "tests/test_my_net.py"
FOLDERS = """{
    "format": 1,
    "folders": 1,
    "models": {"A": {"template": "t", "answers": {}, "files": {}}}
}"""
MINE = {
    "README.md": "mine\n",
    "models/old.py": "# mine\n",
    "oumi_requirements.txt": "# mine\nmodels/old.py\n",
}


def test_what_new_model_did_is_taken_back(project: Path, run: Callable):
    make_tree(project, MINE)
    before = snapshot(project)
    run("new-model", "MyNet")
    assert snapshot(project) != before
    done = run("undo")
    assert (done.exit_code, done.err) == (0, "")
    assert snapshot(project) == before
    assert done.out.splitlines() == [
        f"delete     {CONFIG}",
        f"delete     {MODEL}",
        f"delete     {TEST}",
        "update     oumi_requirements.txt",
        "delete     .oumi-scaffold.json",
        "delete     .oumi-scaffold.schema.json",
    ]


@pytest.mark.parametrize("place", ["", "src/nets"])
def test_folders_that_were_made_for_it_go_and_others_stay(
    project: Path, run: Callable, place: str
):
    if place:
        settings = f'[tool.oumi-scaffold]\nmodels = "{place}"\n'
        make_tree(project, {"pyproject.toml": settings})
    (project / "tests").mkdir()
    before = snapshot(project)
    run("new-model", "MyNet")
    compiled = project / (place or "models") / "__pycache__" / "my_net.pyc"
    compiled.parent.mkdir()
    compiled.write_bytes(b"")
    assert run("undo").exit_code == 0
    assert snapshot(project) == before


def test_a_folder_that_holds_something_of_the_users_stays(project: Path, run: Callable):
    run("new-model", "MyNet")
    make_tree(project, {"models/__pycache__/mine.txt": "", "configs/a.yaml": ""})
    assert run("undo").exit_code == 0
    assert snapshot(project).keys() == {
        *("configs", "configs/a.yaml"),
        *("models", "models/__pycache__", "models/__pycache__/mine.txt"),
    }


def test_without_a_name_it_is_the_model_generated_last(project: Path, run: Callable):
    states = [snapshot(project)]
    for name in ("One", "Two", "Three"):
        run("new-model", name)
        states.append(snapshot(project))
    for name, state in zip(("Three", "Two", "One"), reversed(states[:-1]), strict=True):
        assert run("undo", "--json").document["name"] == name
        assert snapshot(project) == state


def test_a_model_that_was_generated_again_is_the_last(project: Path, run: Callable):
    for name in ("One", "Two"):
        run("new-model", name)
    run("new-model", "One", "--force")
    assert run("undo", "--json", "--dry-run").document["name"] == "One"


def test_folders_go_with_the_last_model_in_them(project: Path, run: Callable):
    for name in ("One", "Two"):
        run("new-model", name)
    assert run("undo", "One").exit_code == 0
    assert not (project / "models" / "one.py").exists()
    assert (project / "oumi_requirements.txt").read_text() == "models/two.py\n"
    assert (project / schema_file.FILE_NAME).exists()
    assert run("undo", "Two").exit_code == 0
    assert snapshot(project) == {}


def test_files_that_are_gone_already_are_no_trouble(project: Path, run: Callable):
    run("new-model", "MyNet")
    for path in (MODEL, "oumi_requirements.txt", schema_file.FILE_NAME):
        (project / path).unlink()
    (project / "models").rmdir()
    done = run("undo")
    assert done.exit_code == 0
    assert f"gone       {MODEL}" in done.out
    assert snapshot(project) == {}


def edited(project: Path, run: Callable) -> dict[str, object]:
    """Generates a model and edits it; returns the state of the project."""
    run("new-model", "MyNet")
    (project / MODEL).write_text("# edited\n")
    return snapshot(project)


@pytest.mark.parametrize("options", [[], ["--dry-run"], ["--json"]])
def test_a_changed_file_is_a_conflict_and_nothing_is_touched(
    project: Path, run: Callable, options: list[str]
):
    before = edited(project, run)
    done = run("undo", *options)
    assert done.exit_code == 3
    assert done.err == (
        f"error: {MODEL} was changed since it was generated; nothing was deleted. Keep "
        "it and take the rest back with --skip, or delete it, too, with --force\n"
    )
    if options == ["--json"]:
        assert done.document["written"] is False
    else:
        assert f"conflict   {MODEL}" in done.out
    assert snapshot(project) == before


def test_changed_files_can_be_kept(project: Path, run: Callable):
    edited(project, run)
    done = run("undo", "--skip")
    assert (done.exit_code, done.err) == (0, "")
    assert f"skip       {MODEL}" in done.out
    assert snapshot(project).keys() == {
        *("models", MODEL, "oumi_requirements.txt", schema_file.FILE_NAME),
    }
    assert (project / "oumi_requirements.txt").read_text() == "models/my_net.py\n"


def test_changed_files_can_be_deleted_and_a_copy_is_kept(project: Path, run: Callable):
    edited(project, run)
    done = run("undo", "--force")
    assert done.exit_code == 0
    assert "your files as they were are kept in .oumi-scaffold/backup-" in done.out
    assert {path.split("/")[0] for path in snapshot(project)} == {".oumi-scaffold"}
    (kept,) = project.glob(f".oumi-scaffold/backup-*/{MODEL}")
    assert kept.read_text() == "# edited\n"


def test_what_force_replaced_is_named_and_not_brought_back(
    project: Path, run: Callable
):
    make_tree(project, {MODEL: "mine\n"})
    backup = run("new-model", "MyNet", "--force", "--json").document["backup"]
    done = run("undo", "--json")
    assert done.exit_code == 0
    assert done.document["replaced"] == [f"{backup}/{MODEL}"]
    assert done.err == (
        f"note: what was replaced earlier is not brought back: see {backup}/{MODEL}\n"
    )
    assert not (project / MODEL).exists()
    assert (project / backup / MODEL).read_text() == "mine\n"


def test_of_several_copies_the_newest_is_named(project: Path, run: Callable):
    for number in (1, 3, 2):
        path = f".oumi-scaffold/backup-2026010{number}-000000/{MODEL}"
        make_tree(project, {path: f"{number}\n"})
    run("new-model", "MyNet")
    assert run("undo", "--json").document["replaced"] == [
        f".oumi-scaffold/backup-20260103-000000/{MODEL}"
    ]


def test_a_schema_that_is_not_ours_stays(project: Path, run: Callable):
    run("new-model", "MyNet")
    make_tree(project, {schema_file.FILE_NAME: "{}\n"})
    assert run("undo").exit_code == 0
    assert snapshot(project).keys() == {schema_file.FILE_NAME}


def test_a_link_to_compiled_files_stays(project: Path, tmp_path: Path, run: Callable):
    run("new-model", "MyNet")
    make_tree(tmp_path / "outside", {"a.pyc": ""})
    (project / "models" / "__pycache__").symlink_to(tmp_path / "outside")
    assert run("undo").exit_code == 0
    assert (project / "models" / "__pycache__").is_symlink()
    assert (tmp_path / "outside" / "a.pyc").exists()


def test_a_dry_run_prints_the_same_and_changes_nothing(project: Path, run: Callable):
    run("new-model", "MyNet")
    before = snapshot(project)
    dry = run("undo", "--dry-run", "--json").document
    assert "Nothing was written" in run("undo", "--dry-run").out
    assert snapshot(project) == before
    real = run("undo", "--json").document
    assert (dry.pop("dry_run"), dry.pop("written")) == (True, False)
    assert (real.pop("dry_run"), real.pop("written")) == (False, True)
    assert dry == real


def test_a_file_that_another_model_has_as_well_stays(project: Path, run: Callable):
    run("new-model", "One")
    run("new-model", "Two")
    file = project / ".oumi-scaffold.json"
    document = json.loads(file.read_text())
    one, two = (document["models"][name]["files"] for name in ("One", "Two"))
    one["tests/test_two.py"] = two["tests/test_two.py"]
    file.write_text(json.dumps(document))
    done = run("undo")
    assert "identical  tests/test_two.py" in done.out
    assert (project / "tests" / "test_two.py").exists()
    assert not (project / "models" / "two.py").exists()


def test_unknown_keys_of_the_manifest_stay(project: Path, run: Callable):
    run("new-model", "MyNet")
    file = project / ".oumi-scaffold.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"datasets": {"d": 1}}))
    run("undo")
    document = json.loads(file.read_text())
    assert (document["datasets"], document["models"]) == ({"d": 1}, {})


def test_a_manifest_without_texts_and_folders_will_do(project: Path, run: Callable):
    run("new-model", "MyNet")
    file = project / ".oumi-scaffold.json"
    document = json.loads(file.read_text())
    del document["folders"], document["models"]["MyNet"]["texts"]
    file.write_text(json.dumps(document))
    assert run("undo").exit_code == 0
    assert snapshot(project).keys() == {"configs", "models", "tests"}


@pytest.mark.parametrize(
    ("args", "manifest", "exit_code", "reason"),
    [
        (["undo"], None, 2, "nothing generated is recorded in "),
        (["undo"], '{"format": 1, "models": {}}', 2, "nothing generated"),
        (["undo", "--output-dir", "nowhere"], None, 2, "nothing generated"),
        (["undo"], "{", 2, "not valid JSON"),
        (["undo"], '{"format": 9}', 2, "upgrade oumi-scaffold"),
        (["undo"], '{"format": 1, "models": {"A": 1}}', 2, "'A' is not an object"),
        (["undo"], '{"format": 1, "models": {"A": {}}}', 2, "'A' has no template"),
        (["undo"], FOLDERS, 2, "its folders are not a list"),
        (["undo", "--force", "--skip"], None, 2, "cannot be used together"),
        (["undo", "MyNett"], "MyNet", 2, "did you mean 'MyNet'?"),
        (["undo", "a", "b"], "MyNet", 2, "unexpected extra argument"),
        (["undo"], "../README.md", 3, "outside of the project"),
        (["undo"], "/README.md", 3, "outside of the project"),
        (["undo"], ".git/config", 3, "not the project's"),
        (["undo"], ".oumi-scaffold.json", 3, "written twice"),
    ],
)
def test_what_cannot_be_taken_back_is_one_line(
    project: Path,
    run: Callable,
    args: list[str],
    manifest: str | None,
    exit_code: int,
    reason: str,
):
    make_tree(project.parent, {"README.md": "mine\n"})
    if manifest == "MyNet":
        run("new-model", "MyNet")
    elif manifest is not None and not manifest.startswith("{"):
        entry = {"template": "t", "answers": {}, "files": {manifest: "sha256:"}}
        manifest = json.dumps({"format": 1, "models": {"A": entry}})
        make_tree(project, {".oumi-scaffold.json": manifest})
    elif manifest is not None:
        make_tree(project, {".oumi-scaffold.json": manifest})
    before = snapshot(project.parent)
    done = run(*args)
    assert done.exit_code == exit_code
    assert reason in done.err
    assert done.err.count("\n") == 1
    assert snapshot(project.parent) == before


@pytest.mark.parametrize("folder", ["../outside", ".git/refs", "", "."])
def test_a_folder_that_is_not_the_projects_is_not_removed(
    project: Path, run: Callable, folder: str
):
    run("new-model", "MyNet")
    (project.parent / "outside").mkdir()
    (project / ".git" / "refs").mkdir(parents=True)
    file = project / ".oumi-scaffold.json"
    document = json.loads(file.read_text())
    document["folders"].append(folder)
    file.write_text(json.dumps(document))
    before = snapshot(project.parent)
    done = run("undo")
    assert (done.exit_code, done.err.count("\n")) == (3, 1)
    assert "project" in done.err
    assert snapshot(project.parent) == before


def test_no_link_is_followed(project: Path, tmp_path: Path, run: Callable):
    run("new-model", "MyNet")
    outside = tmp_path / "outside"
    (project / "models").rename(outside)
    (project / "models").symlink_to(outside)
    before = snapshot(tmp_path)
    done = run("undo")
    assert (done.exit_code, done.err.count("\n")) == (3, 1)
    assert "models is a symbolic link" in done.err
    assert snapshot(tmp_path) == before
