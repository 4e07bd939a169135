"""Tells from an error of a collective what has become of the other processes."""

import contextlib
import threading
import time

import torch.distributed as dist
from torch.distributed import distributed_c10d

from oumi_runtime.core.distributed import get_rank, get_world_size

# Those that wait for the same process give up at the same time, or nearly so.
_ROLL_CALL_S = 3.0


def is_lost_process(error: RuntimeError) -> bool:
    """Whether an error of a collective means that another process has ended or hangs.

    Torch has no class for those of gloo.
    """
    return isinstance(error, dist.DistError) or "/gloo/" in str(error)


def has_waited_in_vain(error: RuntimeError) -> bool:
    """Whether such an error came after the time limit, of a process that hangs."""
    return "timed out" in str(error).lower()


def silent_ranks() -> list[int]:
    """Returns the ranks that hang, once this one has waited for another in vain.

    Every rank that has waited in vain says so in the store that all share. Where that
    does not answer, as where the process that keeps it is stopped, none is returned.
    """
    own, others = get_rank(), range(get_world_size())
    rounds: list[list[int]] = []

    def call() -> None:
        # There may be no store, and torch gives no public way to it.
        with contextlib.suppress(RuntimeError, ValueError, AttributeError):
            store = distributed_c10d._get_default_store()  # noqa: SLF001
            store.set(f"waited_in_vain/{own}", "")
            until = time.monotonic() + _ROLL_CALL_S
            while time.monotonic() < until:
                rounds.append(
                    [r for r in others if not store.check([f"waited_in_vain/{r}"])]
                )
                time.sleep(0.1)

    # In a thread, since a store that does not answer is waited for without end.
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(_ROLL_CALL_S + 1)
    return rounds[-1] if rounds else []
