"""What a checkpoint every 50 steps costs the loop of the MLP benchmark.

Run it as `python tests/benchmarks/saving.py [ROUNDS]`. Of every 150 steps the first 50
begin with a checkpoint, the next 50 let its writing end, and the last 50 are what the
first are compared with; so whatever else the machine does disturbs both. It prints the
median of the ratios, with quartiles, of the time by the clock, of the processor time of
all threads, the one that writes too, and of that of the loop's own thread.
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
CYCLES = 20
ROUNDS = 9
KINDS = ("time", "processor time", "of the loop")
Times = tuple[float, ...]


class SavingClock(TrainingCallback):
    """Asks for a checkpoint every 150 steps, and takes the times of the loop."""

    def __init__(self) -> None:
        self.marks: list[Times] = []

    def on_step_end(self, state: TrainingState) -> None:
        if state.global_step % SAVE_STEPS:
            return
        now = time.perf_counter(), time.process_time(), time.thread_time()
        self.marks.append(now)
        # It is made right after this, and so falls into what begins here.
        state.requests.save = len(self.marks) % 3 == 1

    def ratios(self) -> list[Times]:
        """Of each 150 steps, the times with a checkpoint by those without."""
        starts = range(0, len(self.marks) - 3, 3)
        cycles = [zip(*self.marks[start : start + 4], strict=True) for start in starts]
        return [
            tuple((b - a) / (d - c) for a, b, c, d in each_kind) for each_kind in cycles
        ]


def measure() -> list[Times]:
    """Trains once; returns the ratios."""
    torch.manual_seed(0)
    subject, clock = SUBJECTS["mlp"], SavingClock()
    with tempfile.TemporaryDirectory() as folder:
        params = TrainingParams(
            output_dir=folder,
            per_device_train_batch_size=subject.batch_size,
            max_steps=SAVE_STEPS * (3 * CYCLES + 1),
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
    print(f"{len(ratios)} times 50 steps with a checkpoint, by 50 without")
    for kind, values in zip(KINDS, zip(*ratios, strict=True), strict=True):
        low, middle, high = statistics.quantiles(values, n=4)
        print(f"{kind}: {middle:.3f} ({low:.3f} to {high:.3f})")


if __name__ == "__main__":
    main()
