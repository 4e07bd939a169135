"""One loop in a process of its own: its first step, its speed, its memory.

Called by `training.py` as `one_process.py LOOP SUBJECT DEVICE STEPS STARTED`; prints a
line of JSON. STARTED is the `time.time()` at which the process was asked for. A process
of its own, because what a loop loads or sets stays for whatever runs after it.
"""

import contextlib
import itertools
import json
import logging
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from loops import LOOPS, STEP_LISTENERS
from subjects import SUBJECTS

WARM_UP_STEPS = 5
# Of a large model, which is compiled in its first steps: not timed.
COMPILING_STEPS = 10


def main() -> None:
    """Trains for a few steps, then for all, and reports."""
    loop, name, device, steps, started = sys.argv[1:]
    warnings.simplefilter("ignore")
    logging.disable(logging.INFO)
    subject = SUBJECTS[name]
    first: list[tuple[float, float]] = []

    def note(*_: Any) -> None:
        # The second step begins when the first is done.
        if len(first) < 2:
            first.append((time.time(), time.process_time()))

    train(loop, subject, device, WARM_UP_STEPS, note)
    clock, cpu = train(loop, subject, device, int(steps))
    timed = int(steps) - (COMPILING_STEPS if subject.is_large else 0)
    samples = timed * subject.batch_size
    measured = {
        "first_step_s": first[1][0] - float(started),
        "first_step_cpu_s": first[1][1],
        "samples_per_s": samples / clock,
        "samples_per_cpu_s": samples / cpu,
        "peak_bytes": peak_bytes(device),
    }
    print(json.dumps(measured))


def train(
    loop: str, subject: Any, device: str, steps: int, hook: Any = None
) -> tuple[float, float]:
    """Trains a fresh model; seconds of the clock and of this process."""
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        model = subject.make_model().to(device)
        if hook is not None:
            model.register_forward_pre_hook(hook)
        columns = subject.make_columns()
        run = LOOPS[loop](model, columns, subject, steps, Path(folder))
        skipped = COMPILING_STEPS if subject.is_large and steps > COMPILING_STEPS else 0
        with clocks_after(skipped, device) as began:
            run()
        synchronize(device)
        return time.perf_counter() - began[0], time.process_time() - began[1]


@contextlib.contextmanager
def clocks_after(steps: int, device: str) -> Iterator[list[float]]:
    """Reads the clock and the CPU time when a loop has made some steps."""
    began: list[float] = []
    count = itertools.count()

    def note() -> None:
        if next(count) == steps:
            synchronize(device)
            began[:] = time.perf_counter(), time.process_time()

    note()
    STEP_LISTENERS.append(note)
    try:
        yield began
    finally:
        STEP_LISTENERS.remove(note)


def synchronize(device: str) -> None:
    """Waits for the device."""
    if device == "cuda":
        torch.cuda.synchronize()


def peak_bytes(device: str) -> int:
    """The most memory that was taken: of the GPU, or of this process."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    status = Path("/proc/self/status")
    if status.exists():  # getrusage counts what the calling process took, too
        line = status.read_text().partition("VmHWM:")[2]
        return 1024 * int(line.split()[0])
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
