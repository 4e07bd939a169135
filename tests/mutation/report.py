"""Plants every fault in every generated model, and tells which test caught which.

    make mutation                                   the whole
    make mutation ARGS="causal-lm seq2seq/stub"     some tasks or models
    make mutation ARGS="--workers 2"                two models at a time

A run that was ended goes on where it was.
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import torch
from catalogue_cells import CELLS, generated
from harness import killer, mutants, seeded
from planted_faults import FAULTS
from record import Record, Verdict
from survivors import reason

LEAST_SHARE = 0.95
_KEPT_IN = Path("build/mutation.jsonl")


def verdicts(task: str, arch: str, record: Record) -> Iterator[Verdict]:
    """Runs the generated tests on every mutant of a model.

    Raises:
        RuntimeError: A test fails without any fault.
    """
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        cell = generated(task, arch, Path(folder))
        source = cell.source
        alarm = seeded(lambda: killer(cell, source))
        if alarm is not None:
            raise RuntimeError(f"{task}/{arch}: {alarm} fails without a fault")
        for mutant in mutants(cell, FAULTS):
            known = record.known(mutant)
            if known is None:
                first = record.likely_killer(mutant)
                caught = seeded(lambda m=mutant, f=first: killer(cell, m.source, f))
                known = record.add(mutant, caught)
            yield known


def run(cell: tuple[str, str], path: Path) -> list[Verdict]:
    """Runs a model's mutants in a process of its own, and says how it goes."""
    found: list[Verdict] = []
    start = time.monotonic()
    for verdict in verdicts(*cell, Record(path)):
        found.append(verdict)
        if verdict.killed_by is None:
            name = "/".join(cell)
            print(f"{name}: {verdict.fault} {verdict.number} survives", flush=True)
    caught = sum(v.killed_by is not None for v in found)
    took = time.monotonic() - start
    print(f"{'/'.join(cell)}: {caught} of {len(found)}, {took:.0f} s", flush=True)
    return found


def page(found: Sequence[Verdict]) -> str:
    """The rate of each task, the survivors, and which test caught which fault."""
    rates: dict[str, Counter[bool]] = defaultdict(Counter)
    survivors: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    killers: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for v in found:
        is_caught = v.killed_by is not None
        rates[v.task][is_caught] += 1
        killers[v.kind, v.fault][v.killed_by or "survives"] += 1
        if not is_caught:
            why = reason(v.fault, v.task, v.arch) or "missed"
            survivors[why, v.fault][f"{v.task}/{v.arch}"] += 1
    rates["all"] = sum(rates.values(), Counter())
    lines = ["| task | planted | caught | share |", "|---|---|---|---|"]
    for task, counts in rates.items():
        share = counts[True] / counts.total()
        lines.append(f"| {task} | {counts.total()} | {counts[True]} | {share:.1%} |")
    lines += ["", f"{len(killers)} kinds of faults. Those that survive, and why:", ""]
    for (why, fault), cells in sorted(survivors.items()):
        lines.append(f"- `{fault}` in {_counted(cells)}: {why}.")
    lines += ["", "| fault | caught by |", "|---|---|"]
    for (kind, fault), names in sorted(killers.items()):
        lines.append(f"| {kind}: `{fault}` | {_counted(names)} |")
    return "\n".join(lines)


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.most_common())


def is_enough(found: Sequence[Verdict]) -> bool:
    """Whether of each task's faults 95 of 100 are caught."""
    for task in {v.task for v in found}:
        caught = [v.killed_by is not None for v in found if v.task == task]
        if sum(caught) < LEAST_SHARE * len(caught):
            return False
    return True


def main(arguments: Sequence[str]) -> int:
    """Prints the table; returns 1 if a task has less than 95 of 100 faults caught."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", nargs="*", help="tasks, or models as task/arch")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--record", type=Path, default=_KEPT_IN)
    chosen = parser.parse_args(arguments)
    cells = [
        (task, arch)
        for task, arch in CELLS
        if not chosen.which or {task, f"{task}/{arch}"} & set(chosen.which)
    ]
    # A process for each model, since what a mutant leaves behind ends with it.
    context = multiprocessing.get_context("spawn")
    with context.Pool(chosen.workers, maxtasksperchild=1) as pool:
        running = pool.imap(partial(run, path=chosen.record), cells)
        found = [verdict for each in running for verdict in each]
    print(f"\n{page(found)}")
    return int(not is_enough(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
