"""Runs trainings in several processes forked from one that has imported everything.

Reads a request a line, answers with a line: how each rank has ended.
"""

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

LIMIT_S = 300.0


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def environment(request: dict[str, Any], rank: int, port: int) -> dict[str, str]:
    """What torchrun sets."""
    processes = request["processes"]
    names = {"WORLD_SIZE": processes, "RANK": rank}
    names |= {"LOCAL_WORLD_SIZE": processes, "LOCAL_RANK": rank}
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    group = names | address if processes > 1 else {}
    return {name: str(value) for name, value in group.items()} | request["environment"]


def child(request: dict[str, Any], rank: int, port: int) -> int:
    """Runs the training program; returns its exit code."""
    log = os.open(f"{request['folder']}/log-{rank}.txt", os.O_WRONLY | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.setsid()
    os.chdir(request["folder"])
    os.environ["OUMI_EXTRA_DEPS_FILE"] = str(Path("oumi_requirements.txt").resolve())
    os.environ.update(environment(request, rank, port))
    torch.set_num_threads(1)
    try:
        return main(request["arguments"])
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
        return 99


def serve(request: dict[str, Any]) -> dict[str, Any]:
    """Runs one, and ends what has not ended by itself; its code is then null.

    Where `is_one_frozen`, that is as soon as another has ended.
    """
    port = free_port()
    running: dict[int, int] = {}
    codes: dict[int, int | None] = {}
    for rank in range(request["processes"]):
        Path(request["folder"], f"log-{rank}.txt").write_text("")
        pid = os.fork()
        if pid == 0:
            os._exit(child(request, rank, port))
        running[pid] = rank
    started = time.monotonic()
    while running:
        is_late = time.monotonic() - started > LIMIT_S
        is_late |= request["is_one_frozen"] and len(codes) > 0
        for pid, rank in list(running.items()):
            if is_late:
                os.kill(pid, signal.SIGKILL)
            ended, status = os.waitpid(pid, 0 if is_late else os.WNOHANG)
            if ended:
                del running[pid]
                codes[rank] = None if is_late else os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    return {"codes": [codes[rank] for rank in sorted(codes)]}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(serve(json.loads(line))), flush=True)
    os._exit(0)  # Without collecting all that was imported.
