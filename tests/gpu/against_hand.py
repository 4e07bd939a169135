"""Our trainer on a GPU against a step that is captured, or compiled, by hand.

    tests/gpu/against_hand.py [--rounds 3] [--subjects mlp gpt2] [--json FILE]

Both loops of tests/benchmarks run in turn in one process, in random order, after a few
steps of each that are not timed. It prints a table and writes JSON. The steps by hand
are captured before their time begins; ours are captured within it.
"""

import argparse
import json
import logging
import random
import statistics
import sys
import warnings
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from one_process import COMPILING_STEPS, WARM_UP_STEPS, train
from subjects import SUBJECTS, Subject
from training import PEAK_OPERATIONS, hardware

LOOPS = ("hand", "native")
STEPS = {"mlp": 20_000, "cnn": 5_000, "transformer": 3_000, "gpt2": 60}


def measure(loop: str, name: str) -> dict[str, float]:
    """Trains once; samples a second, and the most memory that was taken."""
    subject, steps = SUBJECTS[name], STEPS[name]
    torch.compiler.reset()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    seconds, _ = train(loop, subject, "cuda", steps)
    timed = steps - (COMPILING_STEPS if subject.is_large else 0)
    return {
        "samples_per_s": timed * subject.batch_size / seconds,
        "peak_bytes": torch.cuda.max_memory_allocated(),
    }


def show(name: str, subject: Subject, found: dict[str, list[dict[str, float]]]) -> None:
    """Prints a line for each loop."""
    hand = [each["samples_per_s"] for each in found["hand"]]
    for loop, measured in found.items():
        speeds = [each["samples_per_s"] for each in measured]
        ratios = [one / other for one, other in zip(speeds, hand, strict=True)]
        speed = statistics.median(speeds)
        peak = max(each["peak_bytes"] for each in measured)
        line = f"{name:12} {loop:7} {speed:10,.0f}  {statistics.median(ratios):6.3f}"
        line += f"  ({min(ratios):.3f} to {max(ratios):.3f})  {peak / 2**20:8,.0f} MiB"
        if (operations := subject.operations_per_sample) is not None:
            line += f"  MFU {operations * speed / PEAK_OPERATIONS:.1%}"
        print(line, flush=True)


def main() -> None:
    """Runs the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--subjects", nargs="+", choices=list(STEPS))
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.INFO)
    results: dict[str, Any] = {"hardware": hardware("cuda")}
    print(json.dumps(results["hardware"]))
    print("model        loop     samples/s  to hand  (least to most)       peak")
    for name in given.subjects or STEPS:
        if not SUBJECTS[name].is_large:  # whose first steps are not timed anyway
            for loop in LOOPS:
                train(loop, SUBJECTS[name], "cuda", WARM_UP_STEPS)
        found: dict[str, list[dict[str, float]]] = {loop: [] for loop in LOOPS}
        for _ in range(given.rounds):
            for loop in random.sample(LOOPS, len(LOOPS)):
                found[loop].append(measure(loop, name))
        show(name, SUBJECTS[name], found)
        results[name] = found
        if given.json is not None:
            given.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
