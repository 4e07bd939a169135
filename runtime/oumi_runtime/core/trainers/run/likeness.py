"""What a run that is made again has no longer in common with the first."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from oumi_runtime.core.trainers.run.record import git_state, read_record, versions

_COMMIT_LETTERS = 10


def what_differs(folder: Path, data: Mapping[str, Any]) -> list[str]:
    """Compares what a run was made with, as its record says, with what there is now.

    Args:
        folder: The run's output folder.
        data: The fingerprints of the files that are going to be read, by path.

    Returns:
        A sentence for each difference but those of the config. None is told of what
        the record does not say.
    """
    record = read_record(folder)
    if record is None:
        return [f"{folder} has no record of what it was made with"]
    return [
        *_data(record.get("data"), data),
        *_versions(record.get("versions")),
        *_code(record.get("git")),
    ]


def _data(before: Any, now: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(before, dict):
        for path in before.keys() & now.keys():
            if before[path] != now[path]:
                yield f"the data in {path} has changed"


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
