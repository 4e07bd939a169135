"""Data workers end when the process that they read for is killed."""

import os
import subprocess
import sys
import time

SCRIPT = """
import itertools, multiprocessing, os, signal, time
from oumi_runtime.core.trainers.batches.ordered_workers import Loading, OrderedWorkers

def large(item):
    return {"bytes": b"x" * 1_000_000}  # More than a pipe holds.

made = OrderedWorkers(large, Loading(num_workers=1)).map(iter(range(100)))
next(made)
(worker,) = multiprocessing.active_children()
print(worker.pid, flush=True)
time.sleep(0.5)  # It has begun to send the next one.
os.kill(os.getpid(), signal.SIGKILL)
"""


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_worker_with_much_to_send_ends_with_its_process() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        worker = int(process.stdout.readline())
        process.wait(timeout=60)
    deadline = time.monotonic() + 20
    while is_running(worker) and time.monotonic() < deadline:
        time.sleep(0.1)
    try:
        assert not is_running(worker)
    finally:
        if is_running(worker):
            os.kill(worker, 9)
