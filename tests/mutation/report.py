"""Plants every fault in every generated model, and tells which test caught which.

make mutation                       the whole
make mutation ARGS="causal-lm"      one task
"""

import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from catalogue_cells import CELLS, generated
from harness import Mutant, killer, mutants, seeded
from planted_faults import FAULTS
from survivors import reason


@dataclass(frozen=True)
class Verdict:
    """What became of one mutant."""

    mutant: Mutant
    killed_by: str | None

    @property
    def excuse(self) -> str | None:
        """Why a survivor is no fault, or is not seen; None for one that is missed."""
        return reason(self.mutant)


def verdicts(cells: Iterable[tuple[str, str]]) -> Iterator[Verdict]:
    """Runs the generated tests on every mutant of the cells."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        for task, arch in cells:
            cell = generated(task, arch, Path(folder) / f"{task}-{arch}")
            for mutant in mutants(cell, FAULTS):
                caught = seeded(lambda m=mutant: killer(m.cell, m.source))
                yield Verdict(mutant, caught)


def main(tasks: list[str]) -> int:
    """Prints the table; returns 1 if a task has less than 95 of 100 faults caught."""
    chosen = [cell for cell in CELLS if not tasks or cell[0] in tasks]
    caught: dict[str, Counter[str]] = defaultdict(Counter)
    rates: dict[str, Counter[str]] = defaultdict(Counter)
    survivors: list[str] = []
    for verdict in verdicts(chosen):
        fault, task = verdict.mutant.fault, verdict.mutant.cell.task
        rates[task]["planted"] += 1
        if verdict.killed_by is not None:
            caught[f"{fault.kind}: {fault.name}"][verdict.killed_by] += 1
            rates[task]["caught"] += 1
        else:
            caught[f"{fault.kind}: {fault.name}"]["SURVIVED"] += 1
            why = verdict.excuse or "missed"
            survivors.append(f"{task}/{verdict.mutant.cell.arch} {fault.name}: {why}")
    for fault_name, killers in sorted(caught.items()):
        by = ", ".join(f"{name} {number}" for name, number in killers.most_common())
        print(f"{fault_name:45} {by}")
    print()
    for line in survivors:
        print(f"survived: {line}")
    print()
    for task, counts in rates.items():
        share = counts["caught"] / counts["planted"]
        print(f"{task:25} {counts['caught']:4} of {counts['planted']:4}  {share:.1%}")
    kinds = len({name for name, killers in caught.items() if killers})
    print(f"{kinds} kinds of faults")
    return int(any(c["caught"] < 0.95 * c["planted"] for c in rates.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
