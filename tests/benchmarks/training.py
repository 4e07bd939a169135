"""Speed, start and memory of the trainers against a plain loop, in interleaved rounds.

Run it as `make bench`, or `python tests/benchmarks/training.py --device cuda`. It
prints tables and writes JSON. A ratio is of samples per second in one round: above 1 is
faster than the plain loop, which is what a user writes by hand (DataLoader, AdamW,
clipping, schedule). The loops of a round come in random order.
"""

import argparse
import json
import logging
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from loops import LOOPS, installed
from subjects import SUBJECTS, Subject

HERE = Path(__file__).parent


def one_run(loop: str, subject: Subject, device: str, steps: int) -> dict[str, float]:
    """Trains a fresh model; samples per second of the clock and of this process."""
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        model = subject.make_model().to(device)
        columns = subject.make_columns()
        run = LOOPS[loop](model, columns, subject.batch_size, steps, Path(folder))
        synchronize(device)
        clock, cpu = time.perf_counter(), time.process_time()
        run()
        synchronize(device)
        clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
    samples = steps * subject.batch_size
    return {"samples_per_s": samples / clock, "samples_per_cpu_s": samples / cpu}


def synchronize(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def one_start(loop: str, name: str, device: str) -> dict[str, float]:
    """Runs a loop in its own process: seconds to its first step, and peak memory."""
    command = [sys.executable, str(HERE / "one_process.py"), loop, name, device, "20"]
    done = subprocess.run(
        [*command, str(time.time())], capture_output=True, text=True, check=True
    )
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def rounds_of(measure: Any, loops: list[str], rounds: int) -> dict[str, list[Any]]:
    """What every loop measures in each round; the first round warms up."""
    found: dict[str, list[Any]] = {loop: [] for loop in loops}
    for number in range(rounds + 1):
        for loop in random.sample(loops, len(loops)):
            measured = measure(loop)
            if number > 0:
                found[loop].append(measured)
    return found


def quartiles(values: list[float]) -> tuple[float, float, float]:
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def ratios(found: dict[str, list[Any]], loop: str, key: str) -> list[float]:
    """Of a loop to the plain one, round by round."""
    pairs = zip(found[loop], found["plain"], strict=True)
    return [one[key] / plain[key] for one, plain in pairs]


def show_speeds(name: str, found: dict[str, list[Any]]) -> None:
    for loop in found:
        speed = statistics.median(each["samples_per_s"] for each in found[loop])
        low, middle, high = quartiles(ratios(found, loop, "samples_per_s"))
        cpu = statistics.median(ratios(found, loop, "samples_per_cpu_s"))
        print(
            f"{name:12} {loop:11} {speed:10,.0f}  {middle:.2f} ({low:.2f} to "
            f"{high:.2f})  {cpu:.2f}",
            flush=True,
        )


def show_starts(name: str, found: dict[str, list[Any]]) -> None:
    for loop, values in found.items():
        first = statistics.median(each["first_step_s"] for each in values)
        pairs = zip(values, found["plain"], strict=True)
        later = [one["first_step_s"] - plain["first_step_s"] for one, plain in pairs]
        peak = statistics.median(each["peak_bytes"] for each in values)
        share = statistics.median(ratios(found, loop, "peak_bytes"))
        print(
            f"{name:12} {loop:11} {first:8.2f}  {statistics.median(later):+6.2f}  "
            f"{peak / 2**20:8,.0f}  {share:.2f}",
            flush=True,
        )


def hardware(device: str) -> dict[str, Any]:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    cpus = [line for line in lines if line.startswith("model name")]
    packages = ("torch", "transformers", "accelerate", "numpy", "oumi-scaffold")
    return {
        "device": device,
        "cpu": cpus[0].partition(": ")[2].strip() if cpus else platform.processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if device == "cuda" else None,
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--starts", type=int, default=5, help="rounds of processes")
    parser.add_argument("--loops", nargs="+", default=installed(), choices=list(LOOPS))
    parser.add_argument("--subjects", nargs="+", default=[*SUBJECTS])
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    given = parser.parse_args()
    logging.disable(logging.INFO)
    warnings.simplefilter("ignore")
    results: dict[str, Any] = {"hardware": hardware(given.device)}
    print(json.dumps(results["hardware"]), flush=True)
    heading = f"\n{'model':12} {'loop':11} "
    print(f"{heading}{'samples/s':>10}  ratio (quartiles)  of CPU time")
    for name in given.subjects:
        subject = SUBJECTS[name]
        steps = subject.steps * (10 if given.device == "cuda" else 1)
        found = rounds_of(
            lambda loop, s=subject, n=steps: one_run(loop, s, given.device, n),
            given.loops,
            given.rounds,
        )
        show_speeds(name, found)
        results[name] = {"steps": steps, "speed": found}
    if given.starts:
        print(f"{heading}{'first/s':>8}  {'later':>6}  {'MiB':>8}  ratio")
    for name in given.subjects if given.starts else []:
        found = rounds_of(
            lambda loop, n=name: one_start(loop, n, given.device),
            given.loops,
            given.starts,
        )
        show_starts(name, found)
        results[name]["start"] = found
    if given.json is not None:
        given.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
