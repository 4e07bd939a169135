"""What checkpoints every 50 steps cost the loop, interleaved with runs without any.

Run it as `python tests/benchmarks/saving.py`. It prints medians over the rounds.
"""

import logging
import random
import statistics
import tempfile
import time

import torch

from oumi_runtime.builders import build_trainer
from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.models import MLPEncoder

STEPS = 300
ROUNDS = 7


def seconds_of(save_steps: int) -> tuple[float, float]:
    """Trains the MLP of the other benchmark; returns its time, and the processor's."""
    torch.manual_seed(0)
    columns = {
        "input_ids": torch.randint(0, 1000, (8192, 32)),
        "labels": torch.randint(0, 10, (8192,)),
    }
    with tempfile.TemporaryDirectory() as folder:
        params = TrainingParams(
            output_dir=folder,
            per_device_train_batch_size=32,
            max_steps=STEPS,
            save_steps=save_steps,
            save_total_limit=2,
        )
        trainer = build_trainer(
            params,
            model=MLPEncoder(1000, 128, 10),
            train_dataset=ColumnDataset(columns),
        )
        started, used = time.perf_counter(), time.process_time()
        trainer.train()
        return time.perf_counter() - started, time.process_time() - used


def main() -> None:
    """Runs the benchmark."""
    logging.disable(logging.INFO)
    times: dict[int, list[tuple[float, float]]] = {0: [], 50: []}
    for number in range(ROUNDS + 1):
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
        print(
            f"{kind}: every 50 steps / without {middle:.3f} ({low:.3f} to {high:.3f})"
        )


if __name__ == "__main__":
    main()
