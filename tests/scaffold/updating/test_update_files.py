"""Files that come, go and move with an update."""

import json
from collections.abc import Callable
from pathlib import Path

from own_templates import NewerTemplate
from trees import make_tree, snapshot
from updates import (
    CONFIG,
    MANIFEST,
    MODEL,
    TEST,
    is_up_to_date,
    statuses,
)


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
