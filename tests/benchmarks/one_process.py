"""One loop in a process of its own: when its first step is done, and its memory.

Called by `training.py` as `one_process.py LOOP SUBJECT DEVICE STEPS STARTED`; prints a
line of JSON. STARTED is the `time.time()` at which the process was asked for.
"""

import json
import logging
import resource
import sys
import tempfile
import time
import warnings
from pathlib import Path

import torch


def main() -> None:
    """Trains, and reports."""
    loop, name, device, steps, started = sys.argv[1:]
    warnings.simplefilter("ignore")
    logging.disable(logging.INFO)
    from loops import LOOPS
    from subjects import SUBJECTS

    subject = SUBJECTS[name]
    with tempfile.TemporaryDirectory() as folder:
        model = subject.make_model().to(device)
        arguments = (model, subject.make_columns(), subject.batch_size)
        first = []
        # The second step begins when the first is done.
        model.register_forward_pre_hook(
            lambda *_: first.append(time.time()) if len(first) < 2 else None
        )
        LOOPS[loop](*arguments, int(steps), Path(folder))()
    if device == "cuda":
        torch.cuda.synchronize()
        peak = torch.cuda.max_memory_allocated()
    else:
        peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"first_step_s": first[1] - float(started), "peak_bytes": peak}))


if __name__ == "__main__":
    main()
