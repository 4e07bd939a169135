"""What became of each mutant, kept in a file while a run goes on: a line of JSON each.

A run that was ended goes on where it was. A verdict holds for one source and one state
of the suite; an older one tells at least which test to try first.
"""

import hashlib
import inspect
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import harness
from harness import Mutant

from oumi_runtime import testing


@dataclass(frozen=True)
class Verdict:
    """What became of one mutant."""

    task: str
    arch: str
    kind: str
    fault: str
    number: int
    mutant: str
    """Tells the source from any other."""
    suite: str
    """Tells the suite from any other state of it."""
    killed_by: str | None

    @property
    def place(self) -> tuple[str, str, str, int]:
        """Where the fault was planted."""
        return self.task, self.arch, self.fault, self.number


class Record:
    """The verdicts of a file, which several processes may add to."""

    def __init__(self, path: Path) -> None:
        """Reads the verdicts that there are."""
        self.path = path
        self.suite = _digest(*_sources())
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self._found: dict[tuple[str, str, str, int], Verdict] = {}
        self._killers: dict[str, str] = {}
        for line in lines:
            self._keep(Verdict(**json.loads(line)))

    def __iter__(self) -> Iterator[Verdict]:
        """The latest verdict of each mutant."""
        return iter(self._found.values())

    def known(self, mutant: Mutant) -> Verdict | None:
        """The verdict of this very source and suite, if there is one."""
        new = self._verdict(mutant, None)
        old = self._found.get(new.place)
        same = old is not None and (old.mutant, old.suite) == (new.mutant, new.suite)
        return old if same else None

    def likely_killer(self, mutant: Mutant) -> str | None:
        """The test that caught the fault here the last time, or else elsewhere."""
        old = self._found.get(self._verdict(mutant, None).place)
        here = old.killed_by if old is not None else None
        return here or self._killers.get(mutant.fault.name)

    def add(self, mutant: Mutant, killed_by: str | None) -> Verdict:
        """Writes a verdict down."""
        verdict = self._verdict(mutant, killed_by)
        self._keep(verdict)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(verdict)) + "\n")
        return verdict

    def _keep(self, verdict: Verdict) -> None:
        self._found[verdict.place] = verdict
        if verdict.killed_by is not None:
            self._killers[verdict.fault] = verdict.killed_by

    def _verdict(self, mutant: Mutant, killed_by: str | None) -> Verdict:
        return Verdict(
            mutant.cell.task,
            mutant.cell.arch,
            mutant.fault.kind,
            mutant.fault.name,
            mutant.number,
            _digest(mutant.source),
            self.suite,
            killed_by,
        )


def _sources() -> list[str]:
    """The text of the checks, and of what runs them here."""
    folder = Path(inspect.getfile(testing)).parent
    files = [*sorted(folder.rglob("*.py")), Path(inspect.getfile(harness))]
    return [file.read_text(encoding="utf-8") for file in files]


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
