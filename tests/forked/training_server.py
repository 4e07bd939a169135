"""Runs trainings in processes forked from one that has imported everything.

Reads a request a line, answers with a line; `forked_trainings` writes and reads these.
A run so begins in milliseconds, and can be killed at any of its moments some hundred
times in a minute.
"""

import importlib
import json
import os
import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import torch
import torch._dynamo  # which an optimizer loads

from oumi_runtime.train import main


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def environment_of(rank: int, world_size: int, port: int) -> dict[str, str]:
    """What torchrun sets; nothing for a process that is alone."""
    if world_size == 1:
        return {}
    names = {"WORLD_SIZE": world_size, "RANK": rank}
    names |= {"LOCAL_WORLD_SIZE": world_size, "LOCAL_RANK": rank}
    group = names | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    return {name: str(value) for name, value in group.items()}


def child(request: dict[str, Any], rank: int, port: int) -> int:
    """Runs the training program; returns its exit code."""
    log = os.open(request["logs"][rank], os.O_WRONLY | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.setsid()
    os.chdir(request["folder"])
    os.environ["OUMI_EXTRA_DEPS_FILE"] = str(Path("oumi_requirements.txt").resolve())
    os.environ.update(environment_of(rank, len(request["logs"]), port))
    os.environ.update(request["environment"])
    torch.set_num_threads(1)
    try:
        if request["inject"] is not None:
            file, name, arguments = request["inject"]
            sys.path.insert(0, str(Path(file).parent))
            getattr(importlib.import_module(Path(file).stem), name)(*arguments)
        return main(request["arguments"])
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
        return 99


def serve(request: dict[str, Any]) -> dict[str, Any]:
    """Runs one training, and signals its first process when it is time.

    What has not ended at the limit is killed; its code is then null. Where a process
    is frozen, the limit is when all others have ended.
    """
    started = time.monotonic()
    port = free_port()
    running: dict[int, int] = {}
    codes: dict[int, int | None] = {}
    for rank, log in enumerate(request["logs"]):
        Path(log).write_text("")  # It may be killed before it writes anything.
        pid = os.fork()
        if pid == 0:
            os._exit(child(request, rank, port))
        running[pid] = rank
    first = next(iter(running))
    signals = list(request["signals"])
    while running:
        seconds = time.monotonic() - started
        if signals and seconds >= signals[0][0]:
            os.kill(first, signals.pop(0)[1])
        is_late = seconds > request["limit_s"]
        is_late |= request["is_one_frozen"] and len(running) == 1
        for pid, rank in list(running.items()):
            if is_late:
                os.kill(pid, signal.SIGKILL)
            ended, status = os.waitpid(pid, 0 if is_late else os.WNOHANG)
            if ended:
                del running[pid]
                codes[rank] = None if is_late else os.waitstatus_to_exitcode(status)
        time.sleep(0.0005)
    seconds = time.monotonic() - started
    return {"codes": [codes[rank] for rank in sorted(codes)], "seconds": seconds}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(serve(json.loads(line))), flush=True)
    os._exit(0)  # Without collecting all that was imported.
