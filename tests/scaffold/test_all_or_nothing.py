"""Whatever happens at any call that changes the disk: exactly before, or exactly after.

Each scene is one command in a project, and what it does to it. It is played once to its
end, and then again with a fault at each of its calls.
"""

import errno
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from faults import Call, changes_of, intercepted, killed, refusing
from own_templates import NewerTemplate
from trees import make_tree, snapshot

from oumi_scaffold.cli import main

Tree = dict[str, object]


@dataclass(frozen=True)
class Scene:
    """A command, where it is given, and the two states that there may be."""

    folder: Path
    start: Path
    args: tuple[str, ...]
    before: Tree
    after: Tree
    calls: list[str]

    def play(self) -> int:
        return main(self.args)

    def reset(self) -> None:
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(self.start, self.folder, dirs_exist_ok=True)

    def now(self) -> Tree:
        return _state(self.folder)


MINE = {
    "models/my_net.py": "# mine\r\n",
    "configs/my_net.yaml": "# mine, too\n",
    "oumi_requirements.txt": "# mine as well\n",
    "tests/test_old.py": "",
}
COMMANDS = {
    "new": ("new-model", "Other"),
    "new-project": ("new-model", "Other", "--output-dir", "a/b"),
    "force": ("new-model", "MyNet", "--force"),
    "skip": ("new-model", "MyNet", "--skip"),
    "update": ("update", "Other", "--set", "hidden_dim=64"),
    "update-moved": ("update",),
    "undo": ("undo",),
    "undo-force": ("undo", "Other", "--force"),
}


def _lay_out(folder: Path, command: str) -> None:
    if command == "update-moved":
        return
    if command == "undo":  # nothing of it stays, and none of the folders
        main(["new-model", "Other"])
        return
    make_tree(folder, MINE)
    (folder / "models" / "my_net.py").chmod(0o640)
    if command == "update":  # one file is replaced, one merged, one gone
        main(["new-model", "Other"])
        model = folder / "models" / "other.py"
        model.write_text(model.read_text() + "# edited\n")
        (folder / "tests" / "test_other.py").unlink()
    if command == "undo-force":
        main(["new-model", "Other"])
        make_tree(folder, {"models/other.py": "# edited\n"})
        (folder / "models" / "other.py").chmod(0o600)


def _state(folder: Path) -> Tree:
    """The folder's state, but for the time in the name of a backup."""
    stamp = re.compile(r"backup-[0-9-]+")
    return {stamp.sub("backup", path): held for path, held in snapshot(folder).items()}


@pytest.fixture(autouse=True)
def _no_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is killed leaves to the system what it has written."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(os, "fsync", lambda handle: None)


def _played(project: Path, command: str) -> Scene:
    """Plays a scene to its end."""
    args, start = COMMANDS[command], project.parent / "start"
    _lay_out(project, command)
    before = _state(project)
    shutil.copytree(project, start)
    calls = changes_of(lambda: main(args))
    return Scene(project, start, args, before, _state(project), calls)


@pytest.fixture(params=COMMANDS)
def scene(
    project: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Scene:
    if request.param == "update-moved":  # files are created, merged and deleted
        main(["new-model", "Other"])
        config = project / "configs" / "other.yaml"
        config.write_text(config.read_text() + "# edited\n")
        folder = project.parent / "newer"
        newer = NewerTemplate("text-classification", folder, monkeypatch)
        newer.replace("configs", "\n", "\n# new\n")
        models = newer.path("models").parent
        models.rename(models.with_name("nets"))
    scene = _played(project, request.param)
    assert scene.after != scene.before
    assert len(scene.calls) > 10
    scene.reset()
    assert scene.now() == scene.before
    return scene


def test_a_process_killed_after_any_call_leaves_nothing_half_done(scene: Scene):
    mixed: list[int] = []
    ends: set[str] = set()
    for number, call in enumerate(["", *scene.calls]):
        for torn in {False, call == "write"}:
            scene.reset()
            killed(scene.play, number, torn=torn)
            main(["list", "tasks"])  # any command in the same folder
            now = scene.now()
            ends.add("before" if now == scene.before else "after")
            if now not in (scene.before, scene.after):
                mixed.append(number)
    assert mixed == []
    assert "after" in ends


@pytest.mark.parametrize(
    "command", [pytest.param("force", marks=pytest.mark.slow), "undo"]
)
def test_a_killed_recovery_is_gone_on_with(project: Path, command: str):
    scene = _played(project, command)
    for number in range(len(scene.calls) // 2, len(scene.calls), 3):
        for second in range(1, 30, 2):
            scene.reset()
            killed(scene.play, number)
            if not killed(lambda: main(["list", "tasks"]), second):
                break
            main(["list", "tasks"])
            assert scene.now() in (scene.before, scene.after)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES])
def test_a_disk_that_refuses_any_call_leaves_the_project_as_it_was(
    scene: Scene, code: int, capsys: pytest.CaptureFixture[str]
):
    for number in range(1, len(scene.calls) + 1):
        scene.reset()
        capsys.readouterr()

        with intercepted(refusing(number, code)):
            exit_code = scene.play()
        said = capsys.readouterr().err
        if exit_code == 0:  # it went another way, or had only to clean up
            main(["list", "tasks"])
            assert scene.now() == scene.after
        else:
            assert exit_code == 1
            assert said.count("\n") == 1
            assert os.strerror(code) in said
            assert scene.now() == scene.before


def test_an_interrupt_before_or_after_any_call_leaves_nothing_half_done(scene: Scene):
    for number in range(1, len(scene.calls) + 1):
        for is_after in (False, True):
            scene.reset()

            with (
                intercepted(_interrupting(number, is_after)),
                suppress(KeyboardInterrupt),
            ):
                assert scene.play() == 130
            if scene.now() not in (scene.before, scene.after):
                main(["list", "tasks"])  # only its own folder was left
            assert scene.now() in (scene.before, scene.after)


def _interrupting(number: int, is_after: bool) -> Callable[..., object]:
    def instead(n: int, name: str, real: Call, args: tuple, kwargs: dict) -> object:
        if n != number:
            return real(*args, **kwargs)
        if is_after:
            with suppress(OSError):
                real(*args, **kwargs)
        raise KeyboardInterrupt

    return instead


SYSCALLS = (
    "openat,open,creat,write,pwrite64,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,"
    "unlink,unlinkat,rename,renameat,renameat2,chmod,fchmod,fchmodat,utimensat,truncate,"
    "ftruncate"
)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("command", ["new", "force", "update", "undo"])
def test_sigkill_at_any_system_call_that_may_change_the_disk(
    project: Path, tmp_path: Path, command: str
):
    args, start = COMMANDS[command], tmp_path / "start"
    _lay_out(project, command)
    before = _state(project)
    shutil.copytree(project, start)
    program = [sys.executable, "-B", "-m", "oumi_scaffold"]
    log = tmp_path / "log"
    trace = ["strace", "-f", "-o", str(log), "-e", f"trace={SYSCALLS}"]
    subprocess.run([*trace, *program, *args], check=True, capture_output=True)
    scene = Scene(project, start, args, before, _state(project), [])
    trace[3] = os.devnull
    lines = log.read_text().splitlines()
    # Before the first mention of the project's files nothing of ours is done.
    first = next(n for n, line in enumerate(lines, 1) if ".oumi-scaffold/" in line)
    mixed: list[int] = []
    for number in range(first - 1, len(lines) + 1):
        scene.reset()
        kill = ["-e", f"inject={SYSCALLS}:signal=SIGKILL:when={number}"]
        done = subprocess.run(
            [*trace, *kill, *program, *args],
            check=False,
            capture_output=True,
        )
        assert done.returncode != 1
        main(["list", "tasks"])
        if scene.now() not in (scene.before, scene.after):
            mixed.append(number)
    assert mixed == []
    assert len(lines) - first > 20
