"""Trains in several processes of this machine, started by torch's elastic agent.

For several machines, use torchrun.
"""

import logging
import os
import sys
import uuid
from collections.abc import Sequence

import torch
from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch


def train_in_processes(arguments: Sequence[str], num_processes: int) -> int:
    """Runs `python -m oumi_runtime.train` in several processes, and waits for them.

    A signal is passed on to the processes. Unless OMP_NUM_THREADS is set, they share
    the threads that one would have.

    Args:
        arguments: The arguments of each process.
        num_processes: The number of processes, at least 1.

    Returns:
        0, or the exit code of the process that failed first.
    """
    threads = max(1, torch.get_num_threads() // num_processes)
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=num_processes,
        run_id=str(uuid.uuid4()),
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=0,
        logs_specs=DefaultLogsSpecs(),
    )
    start = elastic_launch(config, sys.executable)
    logging.disable(logging.CRITICAL)  # The processes say themselves why they end.
    try:
        start("-u", "-m", "oumi_runtime.train", *arguments)
    except ChildFailedError as error:
        _, failure = error.get_first_failure()
        # A process that a signal has ended has its negative number.
        return failure.exitcode if failure.exitcode > 0 else 128 - failure.exitcode
    except SignalException as error:
        return 128 + error.sigval
    finally:
        logging.disable(logging.NOTSET)
    return 0
