"""Updates from templates of others: found again, and trusted no more than before."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from own_templates import MODEL, TOP, git, make_template
from trees import make_tree, snapshot

FILE = f"{TOP}/models/{{{{ cookiecutter.module_name }}}}.py"
HOOK = {"hooks/post_gen_project.py": "open('ran', 'a').write('x')\n"}


def recorded(project: Path) -> dict:
    return json.loads((project / ".oumi-scaffold.json").read_text())["models"]["Net"]


@pytest.fixture
def own(tmp_path: Path, run: Callable, project: Path) -> Path:
    """A template in a folder, of which a model was generated and edited."""
    folder = make_template(tmp_path / "own")
    run("new-model", "Net", "--template", str(folder), "--set", "width=9")
    model = project / "models" / "net.py"
    model.write_text(model.read_text() + "\n\n# mine\n")
    return folder


def test_a_folder_is_found_again_and_its_changes_are_merged(
    project: Path, run: Callable, own: Path
):
    make_template(own, {FILE: f"# new\n{MODEL}"}, extra=["a", "b"])
    done = run("update")
    assert (done.exit_code, done.err) == (0, "")
    text = (project / "models" / "net.py").read_text()
    assert text.startswith("# new\n")
    assert "width: int = 9" in text
    assert text.endswith("# mine\n")
    assert "update" not in run("update").out
    assert run("update", "Net", "--set", "width=10").exit_code == 0
    assert "width: int = 10" in (project / "models" / "net.py").read_text()


def test_a_template_that_has_vanished_or_moved(
    project: Path, tmp_path: Path, run: Callable, own: Path
):
    make_template(own, {FILE: f"# new\n{MODEL}"})
    moved = tmp_path / "moved"
    own.rename(moved)
    before = snapshot(project)
    done = run("update")
    assert (done.exit_code, done.err.count("\n")) == (2, 1)
    assert "cannot update 'Net': cannot use the template" in done.err
    assert "no such folder; if it has moved, name its place with --template" in done.err
    assert snapshot(project) == before
    assert run("update", "Net", "--template", str(moved)).exit_code == 0
    assert recorded(project)["template"] == str(moved)
    assert (project / "models" / "net.py").read_text().startswith("# new\n")


def test_a_choice_that_the_template_has_no_more_is_one_line(
    project: Path, run: Callable, own: Path
):
    file = project / ".oumi-scaffold.json"
    document = json.loads(file.read_text())
    document["models"]["Net"]["answers"]["kind"] = "deep"
    file.write_text(json.dumps(document))
    make_template(own, kind=["wide", "high"])
    done = run("update")
    assert (done.exit_code, done.err.count("\n")) == (2, 1)
    assert "cannot update 'Net'" in done.err
    assert "use one of wide, high; change its answers in .oumi-sc" in done.err


def test_a_template_that_is_none_for_models_is_refused(
    project: Path, tmp_path: Path, run: Callable, own: Path
):
    other = make_template(tmp_path / "other")
    settings = {"project_slug": "x"}
    (other / "cookiecutter.json").write_text(json.dumps(settings))
    done = run("update", "Net", "--template", str(other))
    assert (done.exit_code, done.err.count("\n")) == (1, 1)
    assert "it has no variable model_name" in done.err


@pytest.fixture
def repository(tmp_path: Path) -> Callable[[int], str]:
    """Commits a template of a width to a repository, and returns the commit."""
    folder = tmp_path / "nets.git"

    def committed(width: int) -> str:
        make_template(folder, width=width)
        if not (folder / ".git").exists():
            git(folder, "init", "-q", "-b", "main")
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", f"width {width}")
        return git(folder, "rev-parse", "HEAD")

    return committed


def width(project: Path) -> int:
    text = (project / "models" / "net.py").read_text()
    return int(text.partition("width: int = ")[2].partition(")")[0])


@pytest.mark.parametrize("ref", ["", "@main"])
def test_a_git_repository_is_fetched_anew_and_its_commit_recorded(
    project: Path, tmp_path: Path, run: Callable, repository: Callable, ref: str
):
    first, url = repository(8), f"file://{tmp_path}/nets.git"
    run("new-model", "Net", "--template", f"{url}{ref}")
    assert (recorded(project)["template_commit"], width(project)) == (first, 8)
    second = repository(16)
    done = run("update")
    assert (done.exit_code, done.err) == (0, "")
    assert (recorded(project)["template_commit"], width(project)) == (second, 16)
    assert recorded(project)["template"] == url


def test_a_template_that_was_pinned_stays_so_until_another_is_named(
    project: Path, tmp_path: Path, run: Callable, repository: Callable
):
    first, url = repository(8), f"file://{tmp_path}/nets.git"
    run("new-model", "Net", "--template", f"{url}@{first}")
    second = repository(16)
    assert run("update").exit_code == 0
    assert width(project) == 8
    assert run("update", "Net", "--template", f"{url}@{second}").exit_code == 0
    assert (recorded(project)["template_ref"], width(project)) == (second, 16)
    assert run("update", "Net", "--template", url).exit_code == 0
    assert "template_ref" not in recorded(project)


def test_scripts_run_only_if_trusted_and_something_is_written(
    project: Path, run: Callable, own: Path
):
    make_template(own, {FILE: f"# new\n{MODEL}"} | HOOK)
    done = run("update")
    assert done.exit_code == 0
    assert "scripts were not run: hooks/post_gen_project.py" in done.err
    assert not (project / "ran").exists()
    make_tree(own, {FILE: f"# newer\n{MODEL}"})
    assert run("update", "--trust", "--dry-run").exit_code == 0
    assert not (project / "ran").exists()
    for _ in range(2):
        assert run("update", "--trust").exit_code == 0
        assert (project / "ran").read_text() == "x"


def test_a_script_that_fails_first_lets_nothing_be_written(
    project: Path, run: Callable, own: Path
):
    hook = {"hooks/pre_gen_project.py": "1 / 0"}
    make_template(own, {FILE: f"# new\n{MODEL}"} | hook)
    before = snapshot(project)
    done = run("update", "--trust")
    assert done.exit_code == 1
    assert "hooks/pre_gen_project.py failed: it ended with 1" in done.err
    assert snapshot(project) == before
