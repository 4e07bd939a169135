"""Runs trainings in processes forked from one that has imported everything.

Reads a request a line, answers with a line. A run so begins in milliseconds, and can be
killed at any of its moments some hundred times in a minute.
"""

import importlib
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import torch

from oumi_runtime.train import main

LIMIT_S = 120.0


def child(request: dict[str, Any]) -> int:
    """Runs the training program; returns its exit code."""
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.setsid()
    os.chdir(request["folder"])
    os.environ["OUMI_EXTRA_DEPS_FILE"] = str(Path("oumi_requirements.txt").resolve())
    torch.set_num_threads(1)
    try:
        if request["inject"] is not None:
            name, arguments = request["inject"]
            getattr(importlib.import_module("injections"), name)(*arguments)
        return main(request["arguments"])
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
        return 99


def serve(request: dict[str, Any]) -> dict[str, Any]:
    """Runs one, signals it when it is time, and says how it ended."""
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os._exit(child(request))
    signals = [tuple(each) for each in request["signals"]]
    deadline = started + LIMIT_S
    while True:
        now = time.monotonic()
        if signals and now - started >= signals[0][0]:
            os.kill(pid, signals.pop(0)[1])
        if now > deadline:
            os.kill(pid, signal.SIGKILL)
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return {"code": code, "seconds": time.monotonic() - started}
        time.sleep(0.0005)


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(serve(json.loads(line))), flush=True)
