"""What a checkpoint every 50 steps costs the loop of the MLP benchmark.

Run it as `python tests/benchmarks/saving.py [ROUNDS]`. Every 200 steps begin with a
checkpoint; its cost is what the first half of them takes longer than the second. So
writing has ended, and whatever else the machine does disturbs both. It prints the ratio
of 50 steps with this cost to 50 without, as the median with quartiles: of the time by
the clock, of the processor time of all threads, and of that of the loop's own thread.
"""

import logging
import statistics
import sys
import tempfile
import time

import torch
from subjects import SUBJECTS

from oumi_runtime.builders import build_trainer
from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.core.trainers.callbacks import TrainingCallback, TrainingState

SAVE_STEPS = 50
HALF = 100
CYCLES = 20
ROUNDS = 9
KINDS = ("time", "processor time", "of the loop")
Times = tuple[float, ...]


class SavingClock(TrainingCallback):
    """Asks for a checkpoint every other time that it takes the times of the loop."""

    def __init__(self) -> None:
        self.marks: list[Times] = []

    def on_step_end(self, state: TrainingState) -> None:
        if state.global_step % HALF:
            return
        now = time.perf_counter(), time.process_time(), time.thread_time()
        self.marks.append(now)
        # It is made right after this, and so falls into what begins here.
        state.requests.save = len(self.marks) % 2 == 1

    def ratios(self) -> list[Times]:
        """The ratios of 50 steps with a checkpoint to 50 without, one of each cycle."""
        starts = range(0, len(self.marks) - 2, 2)
        cycles = [zip(*self.marks[start : start + 3], strict=True) for start in starts]
        return [
            tuple(1 + ((b - a) / (c - b) - 1) * HALF / SAVE_STEPS for a, b, c in kinds)
            for kinds in cycles
        ]


def measure() -> list[Times]:
    """Trains once; returns the ratios."""
    torch.manual_seed(0)
    subject, clock = SUBJECTS["mlp"], SavingClock()
    with tempfile.TemporaryDirectory() as folder:
        params = TrainingParams(
            output_dir=folder,
            per_device_train_batch_size=subject.batch_size,
            max_steps=HALF * (2 * CYCLES + 1),
            save_steps=0,
            save_total_limit=2,
        )
        build_trainer(
            params,
            model=subject.make_model(),
            train_dataset=ColumnDataset(subject.make_columns()),
            callbacks=[clock],
        ).train()
    return clock.ratios()


def main() -> None:
    """Runs the benchmark."""
    logging.disable(logging.INFO)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    ratios = [each for _ in range(rounds) for each in measure()[1:]]  # One warms up.
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    print(
        f"{len(ratios)} times {SAVE_STEPS} steps with a checkpoint, by as many without"
    )
    for kind, values in zip(KINDS, zip(*ratios, strict=True), strict=True):
        low, middle, high = statistics.quantiles(values, n=4)
        print(f"{kind}: {middle:.3f} ({low:.3f} to {high:.3f})")


if __name__ == "__main__":
    main()
