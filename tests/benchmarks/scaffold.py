"""CPU time of the command line, against what it cannot do without, and cookiecutter.

    python tests/benchmarks/scaffold.py [ROUNDS]

Every round runs each program once, one after the other, in a fresh folder, in
memory if there is one. Shown are
medians of user and system time over the rounds. The first, in which Python and
Jinja write down what they compile, is not counted.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from oumi_templates.catalog import DEFAULT_TASK, template_dir

PYTHON = sys.executable
SCAFFOLD = [str(Path(PYTHON).with_name("oumi-scaffold"))]
COOKIECUTTER = [
    *(str(Path(PYTHON).with_name("cookiecutter")), "--no-input"),
    *("--config-file", "settings.yaml", str(template_dir(DEFAULT_TASK))),
]
NAMES = 1000
# Where there is one: what creating a file costs the disk's driver is not ours.
_IN_MEMORY = Path("/dev/shm")

PROGRAMS = {
    "import click": [PYTHON, "-c", "import click"],
    "import click, jinja2, yaml": [PYTHON, "-c", "import click, jinja2, yaml"],
    "cookiecutter --no-input": COOKIECUTTER,
    "--help": [*SCAFFOLD, "--help"],
    "list tasks": [*SCAFFOLD, "list", "tasks"],
    "new-model MyNet": [*SCAFFOLD, "new-model", "MyNet"],
}
# What is measured, what it is compared with, and the most that the ratio may be.
BOUNDS = [
    ("--help", "import click", 1.5),
    ("list tasks", "import click", 1.5),
    ("new-model MyNet", "import click, jinja2, yaml", 1.3),
    ("new-model MyNet", "cookiecutter --no-input", 0.5),
]
MOST_FOR_NAMES_S = 1.0


def cpu_seconds(program: list[str]) -> float:
    """Runs a program in a fresh folder, and returns its user and system time."""
    environment = {
        k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"
    }
    parent = _IN_MEMORY if _IN_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        place = Path(folder)
        places = {"replay_dir": folder, "cookiecutters_dir": folder}
        (place / "settings.yaml").write_text(yaml.safe_dump(places))
        names = "".join(f"Net{number}Layer\n" for number in range(NAMES))
        (place / "names.txt").write_text(names)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            program, cwd=place, env=environment, check=True, stdout=subprocess.DEVNULL
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main(rounds: int) -> int:
    """Measures, prints, and returns 1 if a bound is broken."""
    times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for number in range(rounds + 1):
        for name, program in PROGRAMS.items():
            seconds = cpu_seconds(program)
            if number:
                times[name].append(seconds)
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    for name, seconds in medians.items():
        print(f"{name:28} {1000 * seconds:7.1f} ms of CPU")
    is_kept = True
    for name, other, most in BOUNDS:
        ratio = medians[name] / medians[other]
        is_kept &= ratio <= most
        print(f"{name} / {other}: {ratio:.2f} (at most {most})")
    many = [*SCAFFOLD, "new-model", "--from-file", "names.txt"]
    seconds = statistics.median(cpu_seconds(many) for _ in range(3))
    is_kept &= seconds <= MOST_FOR_NAMES_S
    print(f"{NAMES} models: {seconds:.2f} s of CPU (at most {MOST_FOR_NAMES_S})")
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 15))
