"""Speed, start and memory of the trainers against a plain loop, in interleaved rounds.

Run it as `make bench`, or `python tests/benchmarks/training.py --device cuda`. It
prints a table and writes JSON. Each loop of a round runs in a process of its own, in
random order. A ratio is to the plain loop of the same round, which is what a user
writes by hand (DataLoader, AdamW, clipping, schedule): above 1 is faster. `CPU` is by
the process's own CPU time, `native` is our trainer's speed over the loop's, `later` is
how many seconds (of the clock, of CPU time) the first step is done after plain's.
"""

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from loops import LOOPS, installed
from subjects import SUBJECTS

ONE_PROCESS = Path(__file__).with_name("one_process.py")
# Of an H100 or H200 in bf16, dense.
PEAK_OPERATIONS = 989e12
Rounds = dict[str, list[dict[str, float]]]


def one_run(loop: str, name: str, device: str, steps: int) -> dict[str, float]:
    """Runs a loop in its own process; what it printed."""
    command = [sys.executable, str(ONE_PROCESS), loop, name, device, str(steps)]
    # Modules are compiled once and kept, as they are for a user.
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [*command, str(time.time())],
        env=kept,
        capture_output=True,
        text=True,
        check=True,
    )
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def run_rounds(
    name: str, device: str, loops: list[str], rounds: int, warm_up_rounds: int
) -> Rounds:
    """What every loop measures in each round, without those that warm up."""
    steps = SUBJECTS[name].steps * (10 if device == "cuda" else 1)
    found: Rounds = {loop: [] for loop in loops}
    for number in range(-warm_up_rounds, rounds):
        for loop in random.sample(loops, len(loops)):
            measured = one_run(loop, name, device, steps)
            if number >= 0:
                found[loop].append(measured)
    return found


def ratios(found: Rounds, loop: str, key: str, other: str = "plain") -> list[float]:
    """Of one loop to another, round by round."""
    pairs = zip(found[loop], found[other], strict=True)
    return [one[key] / another[key] for one, another in pairs]


def later_than_plain(found: Rounds, loop: str, key: str) -> list[float]:
    """Seconds, round by round."""
    pairs = zip(found[loop], found["plain"], strict=True)
    return [one[key] - plain[key] for one, plain in pairs]


def show(name: str, found: Rounds) -> None:
    """Prints a line for each loop."""
    for loop, measured in found.items():
        speed = statistics.median(each["samples_per_s"] for each in measured)
        by_clock = ratios(found, loop, "samples_per_s")
        low, middle, high = statistics.quantiles(by_clock, n=4, method="inclusive")
        by_cpu = statistics.median(ratios(found, loop, "samples_per_cpu_s"))
        native = ratios(found, "native", "samples_per_s", loop)
        first = statistics.median(each["first_step_s"] for each in measured)
        later = statistics.median(later_than_plain(found, loop, "first_step_s"))
        cpu_later = later_than_plain(found, loop, "first_step_cpu_s")
        peak = statistics.median(each["peak_bytes"] for each in measured)
        share = statistics.median(ratios(found, loop, "peak_bytes"))
        print(
            f"{name:12} {loop:11} {speed:9,.0f}  {middle:.2f} ({low:.2f} to {high:.2f})"
            f"  {by_cpu:4.2f}  {statistics.median(native):6.2f}  {first:7.2f}"
            f"  {later:+6.2f} {statistics.median(cpu_later):+5.2f}"
            f"  {peak / 2**20:6,.0f}  {share:5.2f}",
            flush=True,
        )
        if (operations := SUBJECTS[name].operations_per_sample) is not None:
            print(f"{'':12} {loop:11} MFU {operations * speed / PEAK_OPERATIONS:.1%}")


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
        **{name: installed_version(name) for name in packages},
    }


def installed_version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:  # ours, where it is on the path alone
        return None


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--rounds", type=int, default=9, help="2 or more")
    parser.add_argument("--warm-up-rounds", type=int, default=1, help="not counted")
    parser.add_argument("--loops", nargs="+", default=installed(), choices=list(LOOPS))
    parser.add_argument("--subjects", nargs="+", choices=list(SUBJECTS))
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    given = parser.parse_args()
    loops = list(dict.fromkeys(["plain", "native", *given.loops]))
    results: dict[str, Any] = {"hardware": hardware(given.device)}
    print(json.dumps(results["hardware"]), flush=True)
    print(
        "\nmodel        loop        samples/s  to plain (quartiles)  CPU  native  "
        "first/s         later     MiB  ratio",
        flush=True,
    )
    fitting = [
        n for n, s in SUBJECTS.items() if given.device == "cuda" or not s.is_large
    ]
    for name in given.subjects or fitting:
        results[name] = run_rounds(
            name, given.device, loops, given.rounds, given.warm_up_rounds
        )
        show(name, results[name])
    if given.json is not None:
        given.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
