"""Plans and their carrying out: all of it or none of it."""

import os
import threading
from pathlib import Path

import pytest
from trees import make_tree, snapshot

from oumi_scaffold.exceptions import BusyError, ConflictError, UnsafePathError
from oumi_scaffold.project.paths import check_distinct, read_target
from oumi_scaffold.writing.lock import locked
from oumi_scaffold.writing.plan import (
    Plan,
    PlanEntry,
    Status,
    planned_file,
    planned_update,
)
from oumi_scaffold.writing.write import exclusive, write


def plan(root: Path, dry_run: bool = False) -> Plan:
    """Creates two files, one in a new folder of two levels, and updates one."""
    before = read_target(root, "shared.txt")
    return Plan(
        root,
        (
            planned_file(root, "a/b/one.py", b"one\n"),
            planned_file(root, "two.py", b"two\n"),
            planned_update("shared.txt", before, (before or b"") + b"more\n"),
        ),
        dry_run,
    )


def test_files_are_created_and_updated_and_nothing_else_is_left(project: Path):
    make_tree(project, {"shared.txt": "mine\n", "a/other.py": "other\n"})
    (project / "shared.txt").chmod(0o640)
    write(plan(project))
    files = {
        path: content[0]
        for path, content in snapshot(project).items()
        if isinstance(content, tuple)
    }
    assert files == {
        "a/b/one.py": b"one\n",
        "a/other.py": b"other\n",
        "shared.txt": b"mine\nmore\n",
        "two.py": b"two\n",
    }
    assert (project / "shared.txt").stat().st_mode & 0o777 == 0o640


def test_a_created_file_has_the_mode_that_the_umask_leaves(project: Path):
    before = os.umask(0o027)
    try:
        write(plan(project))
    finally:
        os.umask(before)
    assert (project / "two.py").stat().st_mode & 0o777 == 0o640


def test_a_project_that_does_not_exist_is_created(project: Path):
    write(plan(project / "x" / "y"))
    assert (project / "x" / "y" / "two.py").read_text() == "two\n"


def test_a_dry_run_plans_the_same_and_writes_nothing(project: Path):
    make_tree(project, {"shared.txt": "mine\n"})
    before = snapshot(project)
    dry = plan(project, dry_run=True)
    assert dry.entries == plan(project).entries
    write(dry)
    assert snapshot(project) == before


def test_each_entry_says_what_happens_to_its_file(project: Path):
    make_tree(project, {"same.py": "x", "other.py": "y"})
    entries = [planned_file(project, f"{n}.py", b"x") for n in ("same", "other", "new")]
    assert [entry.status for entry in entries] == ["identical", "conflict", "create"]
    assert planned_update("a", b"x", b"x").status is Status.IDENTICAL
    assert planned_update("a", b"x", b"y").status is Status.UPDATE
    assert planned_update("a", None, b"y").status is Status.CREATE


def test_every_file_in_the_way_is_named_and_nothing_is_written(project: Path):
    make_tree(project, {"a/b/one.py": "mine\n", "two.py": "mine\n"})
    before = snapshot(project)
    with pytest.raises(ConflictError, match=r"a/b/one\.py, two\.py exist already"):
        write(plan(project))
    assert snapshot(project) == before


@pytest.mark.parametrize("path", ["two.py", "shared.txt"])
def test_a_file_that_changed_since_it_was_planned_is_a_conflict(
    project: Path, path: str
):
    carried_out = plan(project)
    make_tree(project, {path: "someone else's\n"})
    before = snapshot(project)
    with pytest.raises(ConflictError, match=path):
        write(carried_out)
    assert snapshot(project) == before


@pytest.mark.parametrize(
    "path",
    [
        *("../x", "a/../../x", "/x", "a//x", "./x", "", "a\\x", "c:x", "x\0"),
        *(".git/x", "a/.GIT/hooks/x", ".git./x", ".oumi-scaffold/journal.json"),
        *("a\nb", "a\x1b[31m", "a\u202eb"),
    ],
)
def test_a_path_that_leaves_the_project_is_refused(project: Path, path: str):
    with pytest.raises(UnsafePathError, match="nothing was written"):
        planned_file(project, path, b"")


def test_no_link_is_followed_for_writing(project: Path, tmp_path: Path):
    outside = make_tree(tmp_path / "outside", {"file": "mine\n"})
    (project / "folder").symlink_to(outside)
    (project / "file").symlink_to(outside / "file")
    (project / "dangling").symlink_to(outside / "missing")
    for path in ("folder/new", "file", "dangling"):
        with pytest.raises(UnsafePathError, match="is a symbolic link"):
            planned_file(project, path, b"")


def test_a_link_that_appears_after_planning_is_not_followed(
    project: Path, tmp_path: Path
):
    carried_out = plan(project)
    outside = make_tree(tmp_path / "outside", {})
    outside.mkdir()
    (project / "a").symlink_to(outside)
    with pytest.raises(UnsafePathError, match="a is a symbolic link"):
        write(carried_out)
    assert snapshot(outside) == {}


def test_a_folder_where_a_file_is_to_be_and_the_reverse_are_refused(project: Path):
    make_tree(project, {"folder/x": "", "file": ""})
    with pytest.raises(UnsafePathError, match="other than a file"):
        planned_file(project, "folder", b"")
    with pytest.raises(UnsafePathError, match="file is not a folder"):
        planned_file(project, "file/x", b"")


def test_two_paths_that_differ_only_in_case_are_refused():
    check_distinct(["a", "b"])
    with pytest.raises(UnsafePathError, match="written twice"):
        check_distinct(["a/x", "A/x"])


def test_a_file_in_the_way_is_never_replaced_even_if_it_appears_at_the_last_moment(
    project: Path, monkeypatch: pytest.MonkeyPatch
):
    real = os.link

    def late(source: Path, target: Path) -> None:
        target.write_bytes(b"someone else's\n")
        real(source, target)

    monkeypatch.setattr(os, "link", late)
    entry = PlanEntry("two.py", Status.CREATE, None, b"two\n")
    with pytest.raises(ConflictError):
        write(Plan(project, (entry,)))
    assert (project / "two.py").read_bytes() == b"someone else's\n"


def test_what_is_replaced_by_force_is_kept(project: Path):
    make_tree(project, {"a/b/one.py": "mine\r\n", "two.py": "mine\n"})
    (project / "two.py").chmod(0o750)
    kept = write(plan(project).decided(lambda entry: Status.FORCE))
    assert kept is not None
    assert (project / kept / "a/b/one.py").read_bytes() == b"mine\r\n"
    assert (project / kept / "two.py").stat().st_mode & 0o777 == 0o750
    assert (project / kept / ".gitignore").read_bytes() == b"*\n"
    assert (project / "two.py").read_bytes() == b"two\n"
    assert (project / "two.py").stat().st_mode & 0o777 == 0o750
    assert {path.name for path in (project / ".oumi-scaffold").iterdir()} == {
        Path(kept).name
    }


def test_every_backup_has_a_folder_of_its_own(project: Path):
    make_tree(project, {"two.py": "mine\n"})
    kept: set[str | None] = set()
    for number in range(4):
        (project / "two.py").write_text(f"{number}\n")
        kept.add(write(plan(project).decided(lambda entry: Status.FORCE)))
    assert len(kept) == 4
    texts = {(project / str(each) / "two.py").read_text() for each in kept}
    assert texts == {"0\n", "1\n", "2\n", "3\n"}


def test_what_is_skipped_stays(project: Path):
    make_tree(project, {"two.py": "mine\n"})
    assert write(plan(project).decided(lambda entry: Status.SKIP)) is None
    assert (project / "two.py").read_bytes() == b"mine\n"
    assert (project / "a/b/one.py").read_bytes() == b"one\n"


def test_a_project_that_appears_at_the_last_moment_is_a_conflict(
    project: Path, monkeypatch: pytest.MonkeyPatch
):
    real = os.rename

    def late(source: Path, target: Path) -> None:
        make_tree(project, {"x/mine": ""})
        real(source, target)

    monkeypatch.setattr(os, "rename", late)
    with pytest.raises(ConflictError):
        write(plan(project / "x" / "y"))
    assert snapshot(project).keys() == {"x", "x/mine"}


def test_a_second_run_waits_for_the_first(project: Path):
    seen: list[bool] = []
    entered, done = threading.Event(), threading.Event()

    def first() -> None:
        with exclusive(project):
            entered.set()
            done.wait(5)
            write(plan(project))

    thread = threading.Thread(target=first)
    thread.start()
    assert entered.wait(5)
    with (
        pytest.raises(BusyError, match="another oumi-scaffold is running") as caught,
        locked(project, timeout_s=0.05),
    ):
        pass
    assert caught.value.exit_code == 3
    done.set()
    with exclusive(project):
        seen.append((project / "two.py").exists())
    thread.join()
    assert seen == [True]


def test_runs_at_once_in_a_new_project_all_get_their_files(project: Path):
    def run(number: int) -> None:
        with exclusive(project / "new" / "place"):
            root = project / "new" / "place"
            before = read_target(root, "shared") if root.exists() else None
            line = f"{number}\n".encode()
            write(
                Plan(root, (planned_update("shared", before, (before or b"") + line),))
            )

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = (project / "new" / "place" / "shared").read_text().splitlines()
    assert sorted(lines) == [str(number) for number in range(8)]


@pytest.mark.parametrize("kind", ["file", "link"])
def test_its_own_folder_has_to_be_one(project: Path, tmp_path: Path, kind: str):
    outside = make_tree(tmp_path / "outside", {"stage/mine": ""})
    own = project / ".oumi-scaffold"
    own.write_text("") if kind == "file" else own.symlink_to(outside)
    before = snapshot(tmp_path)
    with pytest.raises(UnsafePathError, match="it is not a folder"):
        write(plan(project))
    with pytest.raises(UnsafePathError, match="it is not a folder"), exclusive(project):
        pass
    assert snapshot(tmp_path) == before
