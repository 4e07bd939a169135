"""Plans and their carrying out: all of it or none of it."""

import os
import shutil
from pathlib import Path

import pytest
from trees import make_tree, snapshot

from oumi_scaffold.exceptions import ConflictError, UnsafePathError, WriteError
from oumi_scaffold.plan import (
    Plan,
    PlanEntry,
    Status,
    check_distinct,
    planned_file,
    planned_update,
    read_target,
)
from oumi_scaffold.write import write


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


# A disk refuses before it has done something; an interrupt may fall after it, too.
FAULTS = [
    pytest.param(OSError(28, "No space left on device"), False, id="disk-full"),
    pytest.param(KeyboardInterrupt(), False, id="interrupt-before"),
    pytest.param(KeyboardInterrupt(), True, id="interrupt-after"),
]

CALLS = [
    (os, "link", 1),
    (os, "link", 2),
    (os, "mkdir", 2),
    (os, "mkdir", 3),
    (os, "replace", 1),
    (shutil, "copy2", 1),
    (shutil, "copymode", 1),
    (Path, "write_bytes", 1),
    (Path, "write_bytes", 3),
]


@pytest.mark.parametrize(("fault", "after"), FAULTS)
@pytest.mark.parametrize(("owner", "name", "number"), CALLS)
def test_a_fault_before_or_after_any_step_leaves_the_project_as_it_was(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: BaseException,
    after: bool,
    owner: object,
    name: str,
    number: int,
):
    make_tree(project, {"shared.txt": "mine\n"})
    before = snapshot(project)
    carried_out = plan(project)
    real = getattr(owner, name)
    calls = 0

    def faulty(*args: object, **kwargs: object) -> object:
        nonlocal calls
        calls += 1
        if calls != number:
            return real(*args, **kwargs)
        if after:
            real(*args, **kwargs)
        raise fault

    monkeypatch.setattr(owner, name, faulty)
    if name == "link" and isinstance(fault, OSError):
        write(carried_out)  # by renaming, as where there are no hard links
        assert (project / "two.py").read_bytes() == b"two\n"
        return
    expected = WriteError if isinstance(fault, OSError) else type(fault)
    with pytest.raises(expected):
        write(carried_out)
    assert calls >= number
    monkeypatch.undo()
    assert snapshot(project) == before


def test_a_fault_takes_back_the_folder_of_a_new_project(
    project: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(os, "link", lambda *args: (_ for _ in ()).throw(RuntimeError))
    with pytest.raises(RuntimeError):
        write(plan(project / "x" / "y"))
    assert snapshot(project) == {}


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
    ["../x", "a/../../x", "/x", "a//x", "./x", "", "a\\x", "c:x", "x\0", ".git/x"],
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
