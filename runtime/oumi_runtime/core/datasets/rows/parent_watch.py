"""Ends data workers whose parent was killed."""

import os
import threading
import time

_SECONDS_BETWEEN_LOOKS = 0.5


def end_with_parent(worker_id: int) -> None:
    """Makes this worker end soon after the process that it reads for.

    If that is killed, torch's own check does not end a worker that has more to send
    than a pipe holds. It would keep its memory, and the sockets by which other
    processes of the run are to notice the death of that one.

    Args:
        worker_id: The number of the worker, as DataLoader gives it; not used.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
