"""What `oumi-scaffold validate` costs: its CPU seconds over those of its libraries.

Run it as `make bench`, or `python tests/benchmarks/validate.py`. Every bad config of
the tests' table is validated in a process of its own, in turn with a process that
imports pydantic, PyYAML and click and ends. It prints ratios, and fails above 3.
"""

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scaffold/cli/commands"))

from bad_configs import BASE, MISTAKES, text_with, write_project

IMPORTS = [sys.executable, "-c", "import pydantic.dataclasses, yaml, click"]
LIMIT = 3.0


def cpu_seconds(command: list[str]) -> float:
    """Runs a command without its output; returns what it used of the CPU."""
    null = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)]
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=null)
    used = os.wait4(pid, 0)[2]
    return used.ru_utime + used.ru_stime


def main(rounds: int) -> int:
    """Measures, prints and returns the exit code."""
    validate = [str(Path(sys.executable).with_name("oumi-scaffold")), "validate"]
    times: dict[str, list[float]] = {"imports alone": []}
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        write_project(Path())
        texts = [BASE, *(text_with(bad).replace("^", "") for bad in MISTAKES)]
        for number, text in enumerate(texts):
            Path(f"{number}.yaml").write_text(text)
        for _ in range(rounds):
            for number in range(len(texts)):
                times["imports alone"].append(cpu_seconds(IMPORTS))
                config = f"{number}.yaml"
                times.setdefault(config, []).append(cpu_seconds([*validate, config]))
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    base = medians.pop("imports alone")
    ratios = {name: seconds / base for name, seconds in medians.items()}
    labels = [
        "no mistake",
        *(bad.text.strip().split("\n")[-1][:48] for bad in MISTAKES),
    ]
    worst = max(ratios, key=lambda name: ratios[name])
    print(f"CPU of validate over that of its imports, {base:.3f} s; {rounds} rounds")
    print(f"{len(ratios)} configs: median {statistics.median(ratios.values()):.2f}")
    print(f"no mistake: {ratios['0.yaml']:.2f}")
    print(f"worst: {ratios[worst]:.2f} for {labels[int(worst.split('.')[0])]!r}")
    return 0 if ratios[worst] <= LIMIT else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    sys.exit(main(parser.parse_args().rounds))
