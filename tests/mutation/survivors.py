"""Faults that may survive, where, and why."""

from dataclasses import dataclass
from fnmatch import fnmatch


@dataclass(frozen=True)
class Excuse:
    """Why a fault survives in some models."""

    fault: str
    cells: tuple[str, ...]
    """Patterns of `task/arch`."""
    reason: str


EXCUSES: tuple[Excuse, ...] = (
    Excuse(
        "embedding_large",
        ("*/*",),
        "a norm comes next, which undoes the size of its input",
    ),
    Excuse(
        "norm_skipped",
        ("*/*",),
        "without its norm the model learns as well: a matter of taste",
    ),
)


def reason(fault: str, task: str, arch: str) -> str | None:
    """Why a fault may survive in a model, or None if it should have been caught."""
    for excuse in EXCUSES:
        if excuse.fault == fault and any(
            fnmatch(f"{task}/{arch}", pattern) for pattern in excuse.cells
        ):
            return excuse.reason
    return None
