"""One run at a time writes to a folder; one that has died is taken over."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from oumi_runtime.core.trainers.run import output_lock
from oumi_runtime.core.trainers.run.output_lock import LOCK_FILENAME, OutputLock
from oumi_runtime.exceptions import OutputFolderError, OutputInUseError

HOLDER = """
import sys
from pathlib import Path
from oumi_runtime.core.trainers.run.output_lock import OutputLock

with OutputLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path):
    """Another process that holds the folder."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_folder_in_use_is_refused_until_its_run_has_died(
    tmp_path: Path, holder, caplog
) -> None:
    sentence = rf"in use by another run, process {holder.pid} on \S+ since 20"
    with (
        pytest.raises(OutputInUseError, match=sentence) as caught,
        OutputLock(tmp_path),
    ):
        pass
    assert caught.value.exit_code == 3
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with OutputLock(tmp_path):
        assert f"from a run that has died, process {holder.pid}" in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_it_is_free_again_after_its_block(tmp_path: Path) -> None:
    for _ in range(2):
        with OutputLock(tmp_path / "run"):
            content = json.loads((tmp_path / "run" / LOCK_FILENAME).read_text())
            assert content["pid"] == os.getpid()
    assert (tmp_path / "run").is_dir()


def test_a_folder_made_for_a_run_that_does_not_begin_goes_with_it(tmp_path) -> None:
    with pytest.raises(RuntimeError), OutputLock(tmp_path / "run"):
        raise RuntimeError
    assert not (tmp_path / "run").exists()


def test_two_threads_of_one_process_do_not_share_it(tmp_path: Path) -> None:
    refused: list[str] = []

    def take() -> None:
        try:
            with OutputLock(tmp_path):
                pass
        except OutputInUseError as error:
            refused.append(str(error))

    with OutputLock(tmp_path):
        thread = threading.Thread(target=take)
        thread.start()
        thread.join()
    assert len(refused) == 1
    assert "in this process" in refused[0]


def test_a_process_of_the_holder_does_not_hold_it(tmp_path: Path, holder) -> None:
    """As a data loader's, which lives on for seconds after its training was killed."""
    with OutputLock(tmp_path / "other"):
        descriptor = os.open(tmp_path / "other" / LOCK_FILENAME, os.O_RDONLY)
        child = subprocess.Popen(
            [sys.executable, "-c", "input()"],
            pass_fds=[descriptor],
            stdin=subprocess.PIPE,
        )
    with OutputLock(tmp_path / "other"):
        pass
    child.kill()
    child.wait()
    assert child.stdin is not None
    child.stdin.close()


@pytest.mark.parametrize("make", ["file", "no rights"])
def test_a_folder_that_cannot_be_written_to_is_named(
    tmp_path, monkeypatch, make
) -> None:
    folder = tmp_path / "run"
    if make == "file":
        folder.write_text("x")
    else:
        # As root, who may write everywhere, rights cannot be taken away.
        def refuse(*_: object, **__: object) -> int:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "open", refuse)
    with (
        pytest.raises(OutputFolderError, match="run cannot be written to") as caught,
        OutputLock(folder),
    ):
        pass
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("folder", "reason"),
    [
        ("nowhere", "nowhere is a link to missing, which does not exist"),
        ("nowhere/run", "nowhere is a link to missing, which does not exist"),
        ("ring", "ring is a link to ring, which does not exist"),
        ("to_file/run", "to_file is a link to file, which is not a folder"),
        ("file", "file is not a folder"),
        ("file/run", "file is not a folder"),
    ],
)
def test_what_stands_in_the_way_of_a_folder_is_named(
    tmp_path, monkeypatch, folder, reason
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("x")
    for link, target in (("nowhere", "missing"), ("ring", "ring"), ("to_file", "file")):
        Path(link).symlink_to(target)
    sentence = (
        f"training.output_dir {folder} cannot be written to: {reason}; choose another "
        "folder"
    )
    with (
        pytest.raises(OutputFolderError, match=f"^{re.escape(sentence)}$"),
        OutputLock(Path(folder)),
    ):
        pass


NOBODY = {"host": "elsewhere", "pid": 1, "since": "2026-01-01"}


@pytest.mark.parametrize(
    ("change", "is_alive"),
    [
        ({}, True),
        ({"host": "elsewhere"}, True),
        ({"process_started": "1"}, False),
        ({"boot": "another"}, False),
        ({"pid": 2**22 + 1}, False),
        ({"pid": "x"}, False),
    ],
)
def test_without_locks_of_the_system_the_file_decides(
    tmp_path, monkeypatch, change, is_alive
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(output_lock.fcntl, "lockf", no_locks)
    path = tmp_path / LOCK_FILENAME
    path.write_text(json.dumps(output_lock._identity() | change))
    if is_alive:
        with (
            pytest.raises(OutputInUseError, match="delete that file"),
            OutputLock(tmp_path),
        ):
            pass
        return
    with OutputLock(tmp_path):
        assert json.loads(path.read_text())["pid"] == os.getpid()


@pytest.mark.parametrize("content", ["", "{", "[]", "\x00" * 9000])
def test_a_lock_file_with_anything_in_it_is_taken_over(tmp_path, content) -> None:
    (tmp_path / LOCK_FILENAME).write_text(content)
    with OutputLock(tmp_path):
        pass
