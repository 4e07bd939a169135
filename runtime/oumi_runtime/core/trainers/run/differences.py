"""How a repeated run differs from the original in data, versions and code."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from oumi_runtime.core.trainers.run.record import git_state, read_record, versions
from oumi_runtime.core.trainers.run.resuming import changed_files

_COMMIT_LETTERS = 10


def what_differs(folder: Path, data: Mapping[str, Any]) -> list[str]:
    """Compares the record of a run with the current data, versions and code.

    Args:
        folder: The run's output folder.
        data: The current fingerprints of the data files, by path.

    Returns:
        A sentence for each difference, not counting the config. Facts missing from the
        record are not compared.
    """
    record = read_record(folder)
    if record is None:
        return [f"{folder} has no record of what it was made with"]
    return [
        *(
            f"the data in {path} has changed"
            for path in changed_files(record.get("data"), data)
        ),
        *_versions(record.get("versions")),
        *_code(record.get("git")),
    ]


def _versions(before: Any) -> Iterator[str]:
    if isinstance(before, dict):
        now = versions()
        for name in before.keys() & now.keys():
            if before[name] != now[name]:
                yield f"{name} was {before[name]} and is {now[name]} now"


def _code(before: Any) -> Iterator[str]:
    if not isinstance(before, dict):
        return
    if before.get("dirty"):
        yield "the working folder had uncommitted changes then"
    now = git_state()
    if now is not None and before.get("commit") != now["commit"]:
        then, today = str(before.get("commit")), str(now["commit"])
        yield (
            f"the code was at commit {then[:_COMMIT_LETTERS]} "
            f"and is at {today[:_COMMIT_LETTERS]} now"
        )
