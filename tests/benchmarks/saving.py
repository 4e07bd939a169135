"""What checkpoints every 50 steps cost the loop, interleaved with runs without any.

Run it as `python tests/benchmarks/saving.py [ROUNDS]`. It prints medians over the
rounds. What is timed is the loop, from its first step to the end of its last, by when
every checkpoint has been written; loading and the last words of a run are not.
"""

import logging
import random
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

STEPS = 1049  # The last of the 20 checkpoints has 49 steps to be written beside.
ROUNDS = 9


class LoopClock(TrainingCallback):
    """Takes the time of the loop, and the processor's, which counts all threads."""

    def __init__(self) -> None:
        self.started = (0.0, 0.0)
        self.ended = (0.0, 0.0)

    def on_train_begin(self, state: TrainingState) -> None:
        self.started = time.perf_counter(), time.process_time()

    def on_step_end(self, state: TrainingState) -> None:
        if state.global_step == STEPS:
            self.ended = time.perf_counter(), time.process_time()


def seconds_of(save_steps: int) -> tuple[float, float]:
    """Trains the MLP of the other benchmark; returns its time, and the processor's."""
    torch.manual_seed(0)
    subject, clock = SUBJECTS["mlp"], LoopClock()
    with tempfile.TemporaryDirectory() as folder:
        params = TrainingParams(
            output_dir=folder,
            per_device_train_batch_size=subject.batch_size,
            max_steps=STEPS,
            save_steps=save_steps,
            save_total_limit=2,
        )
        build_trainer(
            params,
            model=subject.make_model(),
            train_dataset=ColumnDataset(subject.make_columns()),
            callbacks=[clock],
        ).train()
    time_taken, processor_time = (
        end - start for start, end in zip(clock.started, clock.ended, strict=True)
    )
    return time_taken, processor_time


def main() -> None:
    """Runs the benchmark."""
    logging.disable(logging.INFO)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    times: dict[int, list[tuple[float, float]]] = {0: [], 50: []}
    for number in range(rounds + 1):
        for save_steps in random.sample(list(times), 2):
            seconds = seconds_of(save_steps)
            if number > 0:  # The first round warms up.
                times[save_steps].append(seconds)
    print(
        f"torch {torch.__version__}, {torch.get_num_threads()} threads, {STEPS} steps"
    )
    for which, kind in enumerate(("time", "processor time")):
        pairs = zip(times[50], times[0], strict=True)
        ratios = [saving[which] / without[which] for saving, without in pairs]
        low, middle, high = statistics.quantiles(ratios, n=4)
        step = 1000 * statistics.median(each[which] for each in times[0]) / STEPS
        print(
            f"{kind}: every 50 steps / without {middle:.3f} ({low:.3f} to {high:.3f}), "
            f"{step:.2f} ms a step without"
        )


if __name__ == "__main__":
    main()
