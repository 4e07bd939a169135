"""Kills a save after each of its system calls, and looks at what is left.

Run as a program it prints one JSON document: how many points there were, and what went
wrong at which. `strace` kills where it may attach to a process; elsewhere the process
kills itself at each event of Python's that changes the disk.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from oumi_runtime.core.models.packed_tensors import pack_tensors
from oumi_runtime.core.trainers.checkpoints.retention import Retention
from oumi_runtime.core.trainers.checkpoints.snapshot import Snapshot
from oumi_runtime.core.trainers.checkpoints.state_files import (
    load_state_tree,
    state_files,
)
from oumi_runtime.core.trainers.checkpoints.store import CheckpointStore

CALLS = (
    "open,openat,creat,write,pwrite64,writev,pwritev,ftruncate,fallocate,rename,"
    "renameat,renameat2,link,linkat,symlink,unlink,unlinkat,mkdir,mkdirat,rmdir,"
    "chmod,fchmod,fchmodat,fsync,fdatasync,msync,copy_file_range,sendfile"
)
EVENTS = ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod")
Point = tuple[str, Callable[[Callable[[], None]], int]]


def snapshot(step: int) -> Snapshot:
    weights = pack_tensors({"weight": torch.full((60_000,), float(step))})
    state = state_files({"step": step, "moments": torch.ones(20_000) * step}, "state")
    return Snapshot(step, {"model.safetensors": weights, **state})


def save(folder: Path, step: int) -> None:
    CheckpointStore(folder, Retention(1)).write(snapshot(step))


def run_traced(act: Callable[[], None], *options: str) -> int:
    """Runs an act in a process that strace watches; returns how it ended."""
    reads, writes = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(writes)
        os.read(reads, 1)  # Until strace is there.
        act()
        os._exit(0)
    os.close(reads)
    tracer = subprocess.Popen(
        ["strace", "-f", "-qq", "-p", str(pid), *options], stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 10
    while "TracerPid:\t0" in Path(f"/proc/{pid}/status").read_text():
        if tracer.poll() is not None or time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise PermissionError("strace cannot attach")
        time.sleep(0.001)
    os.write(writes, b"x")
    os.close(writes)
    _, status = os.waitpid(pid, 0)
    tracer.wait(timeout=10)
    return os.waitstatus_to_exitcode(status)


def points_of_strace(act: Callable[[Path], None]) -> list[Point]:
    """A way to kill an act at the beginning of each of its system calls."""
    with tempfile.TemporaryDirectory() as name:
        folder, log = Path(name) / "run", Path(name) / "log"
        save(folder, 1)
        run_traced(lambda: act(folder), "-o", str(log), "-e", f"trace={CALLS}")
        names = re.findall(r"^\d+ +(\w+)\(", log.read_text(), re.MULTILINE)
    seen: Counter[str] = Counter()
    points = []
    for name in names:
        seen[name] += 1
        how = f"inject={name}:signal=SIGKILL:when={seen[name]}"
        options = ("-o", os.devnull, "-e", how)
        points.append((f"{name} {seen[name]}", partial(_traced, options)))
    return points


def _traced(options: tuple[str, ...], act: Callable[[], None]) -> int:
    return run_traced(act, *options)


def points_of_events(act: Callable[[Path], None]) -> list[Point]:
    """A way to kill an act at each event of Python's that changes the disk."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "run"
        save(folder, 1)
        reads, writes = os.pipe()
        run_counted(lambda: act(folder), -1, writes)
        os.close(writes)
        with os.fdopen(reads) as told:
            total = int(told.read())
    return [(f"event {n}", partial(_counted, n)) for n in range(1, total + 1)]


def _counted(number: int, act: Callable[[], None]) -> int:
    return run_counted(act, number)


def run_counted(act: Callable[[], None], number: int, tell: int = -1) -> int:
    """Runs an act in a process that kills itself at an event; returns how it ended."""
    pid = os.fork()
    if pid == 0:
        seen = 0

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal seen
            if event in EVENTS:
                seen += 1
                if seen == number:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        act()
        if tell >= 0:
            os.write(tell, str(seen).encode())
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def problem_of(folder: Path, steps: tuple[int, ...]) -> str | None:
    """What is wrong with what a killed save has left; None if nothing is."""
    for is_clean in (False, True):
        store = CheckpointStore(folder, Retention(1))
        if is_clean:
            store.clean()
            hidden = [path.name for path in folder.glob(".*")]
            if hidden:
                return f"left behind {hidden}"
        path = store.find_latest().path
        if path is None:
            if is_clean or not list(folder.glob(".replaced-*")):
                return "no checkpoint is left"
            continue
        tree = load_state_tree(path, "state")
        if tree["step"] not in steps or float(tree["moments"][0]) != tree["step"]:
            return f"{path} holds {tree['step']}"
    save(folder, max(steps) + 1)
    found = CheckpointStore(folder).find_latest().path
    return None if found and found.name == f"checkpoint-{max(steps) + 1}" else "stuck"


def enumerate_points(find: Callable[..., list[Point]], step: int) -> dict[str, Any]:
    """Kills a save of a step at every point, over a checkpoint of step 1."""
    problems: list[str] = []
    points = find(lambda folder: save(folder, step))
    for name, kill in points:
        with tempfile.TemporaryDirectory() as parent:
            folder = Path(parent) / "run"
            save(folder, 1)
            code = kill(lambda folder=folder: save(folder, step))
            problem = problem_of(folder, (1, step))
            if code != -signal.SIGKILL:
                problem = f"it ended with {code}"
            if problem is not None:
                problems.append(f"{name}: {problem}")
    return {"points": len(points), "problems": problems}


def main() -> None:
    """Enumerates with the best tool that there is."""
    torch.set_num_threads(1)
    find, tool = points_of_events, "events"
    if shutil.which("strace") and "--events" not in sys.argv:
        try:
            run_traced(lambda: None, "-o", os.devnull)
        except PermissionError:
            pass
        else:
            find, tool = points_of_strace, "strace"
    # A new step, and the same step once more.
    saves = {step: enumerate_points(find, step) for step in (2, 1)}
    print(json.dumps({"tool": tool, "saves": saves}))


if __name__ == "__main__":
    main()
