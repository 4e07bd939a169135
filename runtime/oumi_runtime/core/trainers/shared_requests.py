"""Makes the processes of a run do the same where only some of them are asked to.

Processes that disagree about what comes next wait for each other in different places,
or take each other's numbers for their own.
"""

from oumi_runtime.core.distributed import (
    all_gather_object,
    all_reduce_max,
    is_distributed,
)
from oumi_runtime.core.trainers.callbacks import Requests

_FLAGS = ("log", "evaluate", "save", "hurry", "cuts_short")


def agree_on(requests: Requests) -> None:
    """Gives every process the requests of all; each of them must call this.

    Of several reasons to stop, that of a signal counts, or else the lowest rank's.
    """
    if not is_distributed():
        return
    own = [int(getattr(requests, name)) for name in _FLAGS]
    *flags, stops, number = all_reduce_max(
        [*own, int(requests.stop is not None), requests.signal]
    )
    for name, flag in zip(_FLAGS, flags, strict=True):
        setattr(requests, name, bool(flag))
    if stops:
        reasons = all_gather_object((requests.signal, requests.stop))
        _, requests.stop = max(reasons, key=lambda r: (r[0], r[1] is not None))
    requests.signal = number
