"""Faults that may survive, and why."""

from harness import Mutant

# By fault; the reason holds for every cell in which the fault survives.
REASONS = {
    "embedding_large": "a norm comes next, which undoes the size of its input",
    "norm_skipped": "without its norm the model learns as well: a matter of taste",
}


def reason(mutant: Mutant) -> str | None:
    """Why a mutant may survive, or None if it should have been caught."""
    return REASONS.get(mutant.fault.name)
