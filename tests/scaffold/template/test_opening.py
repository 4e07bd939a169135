"""Templates of someone else: where they come from, and what they cannot do."""

import json
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from own_templates import TOP, git, make_template, nested_loops
from trees import make_tree, snapshot

from oumi_scaffold.exceptions import TemplateSourceError
from oumi_scaffold.template import opening


@pytest.fixture
def repository(tmp_path: Path) -> tuple[str, list[str]]:
    """A git repository by its URL, and its two commits."""
    folder = make_template(tmp_path / "nets.git")
    git(folder, "init", "-q", "-b", "main")
    commits: list[str] = []
    for width in (8, 16):
        make_template(folder, width=width)
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", f"width {width}")
        commits.append(git(folder, "rev-parse", "HEAD"))
    git(folder, "tag", "first", commits[0])
    return f"file://{folder}", commits


def test_a_folder_is_rendered_and_its_choices_are_its_own(
    project: Path, tmp_path: Path, run: Callable
):
    where = str(make_template(tmp_path / "own"))
    done = run("new-model", "Net", "--template", where, "--set", "width=9")
    assert (done.exit_code, done.err) == (0, "")
    assert "width: int = 9" in (project / "models" / "net.py").read_text()
    assert (project / "oumi_requirements.txt").read_text() == "models/net.py\n"
    manifest = json.loads((project / ".oumi-scaffold.json").read_text())
    assert manifest["models"]["Net"]["template"] == where
    assert manifest["models"]["Net"]["answers"]["width"] == 9


@pytest.mark.parametrize(("ref", "commit"), [("", 1), ("@first", 0), ("@main", 1)])
def test_a_git_repository_is_fetched_at_a_ref_and_known_by_its_commit(
    project: Path, run: Callable, repository: tuple, ref: str, commit: int
):
    url, commits = repository
    done = run("new-model", "Net", "--template", url + ref)
    assert (done.exit_code, done.err) == (0, "")
    width = "8" if commit == 0 else "16"
    assert f"width: int = {width}" in (project / "models" / "net.py").read_text()
    model = json.loads((project / ".oumi-scaffold.json").read_text())["models"]["Net"]
    assert (model["template"], model["template_commit"]) == (url, commits[commit])
    assert model.get("template_ref", "") == ref.removeprefix("@")


def test_a_github_name_is_that_repositorys_address(monkeypatch: pytest.MonkeyPatch):
    asked: list[object] = []

    def fetched(where: str, url: str, ref: str | None, folder: Path) -> object:
        asked.extend([url, ref])
        raise TemplateSourceError(where, "no network")

    monkeypatch.setattr(opening, "_fetched", fetched)
    with pytest.raises(TemplateSourceError), opening.opened("gh:some-one/nets.x@v1.2"):
        pass
    assert asked == ["https://github.com/some-one/nets.x.git", "v1.2"]


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("nowhere", "use one of text-classification"),
        ("./nowhere", "no such folder"),
        ("gh:a/b@--upload-pack=x", "not a branch, tag or commit"),
        ("gh:a/b@../x", "not a branch, tag or commit"),
        ("ext::sh -c true", "use one of"),
        ("--upload-pack=touch x", "use one of"),
        ("file:///nowhere.git", "nowhere"),
        ("template.zip", "unpack the archive"),
        ("", "use one of"),
        ("a\0b", "use one of"),
        ("x" * 5000, "use one of"),
        ("{{ 7 * 7 }}", "use one of"),
    ],
)
def test_what_is_no_template_is_one_line(
    project: Path, run: Callable, where: str, reason: str
):
    (project / "template.zip").write_bytes(b"PK")
    before = snapshot(project)
    done = run("new-model", "Net", "--template", where)
    assert done.exit_code == 2
    assert reason in done.err
    assert done.err.count("\n") == 1
    assert snapshot(project) == before


HOOK = {
    "hooks/post_gen_project.py": "open('{{ cookiecutter.model_name }}', 'w').close()\n"
}


def test_scripts_are_told_of_and_not_run(project: Path, tmp_path: Path, run: Callable):
    where = str(make_template(tmp_path / "own", HOOK))
    done = run("new-model", "Net", "--template", where)
    assert done.exit_code == 0
    assert "scripts were not run: hooks/post_gen_project.py" in done.err
    assert not (project / "Net").exists()


def test_trusted_scripts_are_shown_and_run(
    project: Path, tmp_path: Path, run: Callable
):
    where = str(make_template(tmp_path / "own", HOOK))
    dry = run("new-model", "Net", "--template", where, "--trust", "--dry-run")
    assert dry.exit_code == 0
    assert snapshot(project) == {}
    done = run("new-model", "Net", "--template", where, "--trust")
    assert done.exit_code == 0
    assert "note:   open('Net', 'w').close()" in done.err
    assert (project / "Net").exists()


def test_a_script_that_fails_first_lets_nothing_be_written(
    project: Path, tmp_path: Path, run: Callable
):
    where = str(make_template(tmp_path / "own", {"hooks/pre_gen_project.py": "1 / 0"}))
    done = run("new-model", "Net", "--template", where, "--trust")
    assert done.exit_code == 1
    assert "hooks/pre_gen_project.py failed: it ended with 1" in done.err
    assert snapshot(project) == {}


def test_only_a_commit_is_trusted(
    project: Path, tmp_path: Path, run: Callable, repository: tuple
):
    url, _ = repository
    folder = Path(url.removeprefix("file://"))
    make_tree(folder, HOOK)
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "a script")
    commit = git(folder, "rev-parse", "HEAD")
    done = run("new-model", "Net", "--template", url, "--trust")
    assert done.exit_code == 2
    assert f"add @{commit}" in done.err
    assert snapshot(project) == {}
    assert (
        run("new-model", "Net", "--template", f"{url}@{commit}", "--trust").exit_code
        == 0
    )
    assert (project / "Net").exists()


@pytest.mark.parametrize(
    "source",
    ["raise SystemExit(3)", "1 / 0", "print('noise')", "import time\ntime.sleep(60)"],
)
def test_no_code_of_a_plugin_runs(
    project: Path,
    tmp_path: Path,
    run: Callable,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
):
    package = tmp_path / "site" / "some_plugin"
    make_tree(package, {"__init__.py": f"open('ran', 'w')\n{source}\n"})
    make_template(package / "net")
    monkeypatch.syspath_prepend(str(package.parent))
    points = [
        EntryPoint("some-net", "some_plugin.net", opening.ENTRY_POINT_GROUP),
        EntryPoint("lost", "nowhere.net", opening.ENTRY_POINT_GROUP),
        EntryPoint("odd", "..", opening.ENTRY_POINT_GROUP),
    ]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: points)
    assert run("new-model", "Net", "--template", "some-net", "--json").exit_code == 0
    listed = run("list", "templates", "--json").document["templates"]
    assert {each["name"] for each in listed} >= {"some-net", "text-classification"}
    lost = run("new-model", "Other", "--template", "lost")
    assert (lost.exit_code, "no such folder" in lost.err) == (2, True)
    assert not (project / "ran").exists()
    assert "some_plugin" not in sys.modules


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (nested_loops(4), "an endless loop"),
        ("{{ 'x' * 10 ** 10 }}", ""),
        ("{{ 10 ** (10 ** 9) }}", "an endless loop"),
        ("{% for n in range(900) %}{{ 'x' * 9999 }}{% endfor %}", "characters, more"),
        (
            "{% set a = namespace(x='x') %}{% for n in range(60) %}"
            "{% set a.x = a.x ~ a.x %}{% endfor %}",
            "",
        ),
        ("{% include 'a.txt' %}", "include each other"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", ""),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ cookiecutter.update({}) }}", "unsafe"),
        ("{{ lipsum.__globals__ }}", "unsafe"),
        ("{{ ().__class__ }}", "unsafe"),
        ("{% import 'os' as os %}", "os"),
        ("{% include '../cookiecutter.json' %}", "outside of the template"),
        ("{% include '/etc/passwd' %}", "outside of the template"),
    ],
)
def test_a_template_that_reaches_or_grows_too_far_is_one_line(
    project: Path, tmp_path: Path, run: Callable, text: str, reason: str
):
    where = str(make_template(tmp_path / "own", {f"{TOP}/a.txt": text}))
    done = run("new-model", "Net", "--template", where)
    assert done.exit_code == 1
    assert "error: template own: " in done.err
    assert reason in done.err
    assert done.err.count("\n") == 1
    assert snapshot(project) == {}


@pytest.mark.parametrize(
    "path",
    [
        "{{ '../' }}x.txt",
        "{{ '/' }}tmp/x.txt",
        ".git/hooks/pre-commit",
        "{{ '.oumi-scaffold' }}/journal.json",
        "OUMI_requirements.txt",
        ".oumi-scaffold.json",
        "a{{ '\\\\' }}b",
        "{{ '\\x1b' }}[31m",
        "MODELS/net.py",
    ],
)
def test_a_template_that_would_write_elsewhere_is_refused(
    project: Path, tmp_path: Path, run: Callable, path: str
):
    where = str(make_template(tmp_path / "own", {f"{TOP}/{path}": "x"}))
    before = snapshot(tmp_path)
    done = run("new-model", "Net", "--template", where)
    assert done.exit_code in (1, 3)
    assert done.err.count("\n") == 1
    assert done.err.isprintable() or done.err.rstrip("\n").isprintable()
    assert snapshot(tmp_path) == before


def test_links_devices_and_bombs_in_a_template_are_refused(
    project: Path, tmp_path: Path, run: Callable
):
    import os

    def link(folder: Path) -> None:
        (folder / TOP / "link").symlink_to("/etc/passwd")

    def settings_link(folder: Path) -> None:
        (folder / "cookiecutter.json").rename(folder / "other.json")
        (folder / "cookiecutter.json").symlink_to("other.json")

    def pipe(folder: Path) -> None:
        os.mkfifo(folder / TOP / "pipe")

    def many(folder: Path) -> None:
        make_tree(folder / TOP, {f"d/{number}": "" for number in range(1001)})

    def large(folder: Path) -> None:
        (folder / TOP / "large").write_bytes(b"x" * 1_000_001)

    def deep(folder: Path) -> None:
        (folder / "cookiecutter.json").write_text("[" * 100_000)

    def binary(folder: Path) -> None:
        (folder / TOP / "b").write_bytes(b"\xff\xfe\0")

    for number, spoil in enumerate(
        [link, settings_link, pipe, many, large, deep, binary]
    ):
        folder = make_template(tmp_path / f"own{number}")
        spoil(folder)
        done = run("new-model", "Net", "--template", str(folder))
        assert (done.exit_code, done.err.count("\n")) == (1, 1), spoil
        assert snapshot(project) == {}
