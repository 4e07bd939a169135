"""Speed of the trainers against a plain PyTorch loop, in one interleaved run.

Run it as `make bench`, or `python tests/benchmarks/training.py --device cuda`. It
prints a table and writes JSON. Ratios are of samples per second: above 1 is faster than
the plain loop, which is what a user writes by hand (DataLoader, AdamW, clipping,
schedule).
"""

import argparse
import json
import logging
import platform
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import nn
from torch.utils.data import DataLoader

from oumi_runtime.builders import build_trainer
from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.models import CNNClassifier, MLPEncoder

LEARNING_RATE = 1e-3


def mlp(device: str) -> tuple[nn.Module, ColumnDataset, int]:
    columns = {
        "input_ids": torch.randint(0, 1000, (8192, 32)),
        "labels": torch.randint(0, 10, (8192,)),
    }
    return MLPEncoder(1000, 128, 10).to(device), ColumnDataset(columns), 32


def cnn(device: str) -> tuple[nn.Module, ColumnDataset, int]:
    columns = {
        "images": torch.rand(4096, 1, 28, 28),
        "labels": torch.randint(0, 10, (4096,)),
    }
    return CNNClassifier(28, 28, in_channels=1).to(device), ColumnDataset(columns), 64


MODELS = {"mlp": (mlp, 400), "cnn": (cnn, 60)}


def plain_loop(
    model: nn.Module, dataset: ColumnDataset, batch_size: int, steps: int
) -> None:
    """The loop that a user writes."""
    device = next(model.parameters()).device
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda i: 1 - i / steps)
    step = 0
    while step < steps:
        for batch in loader:
            batch = {name: column.to(device) for name, column in batch.items()}
            optimizer.zero_grad()
            loss = model(**batch)["loss"]
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            step += 1
            if step % 50 == 0:
                loss.item()
            if step == steps:
                break


def our_trainer(trainer_type: str) -> Callable[..., None]:
    """The loop of one of our trainers."""

    def run(
        model: nn.Module, dataset: ColumnDataset, batch_size: int, steps: int
    ) -> None:
        with tempfile.TemporaryDirectory() as folder:
            params = TrainingParams(
                output_dir=folder,
                trainer_type=trainer_type,
                per_device_train_batch_size=batch_size,
                max_steps=steps,
                learning_rate=LEARNING_RATE,
                save_steps=0,
            )
            build_trainer(params, model=model, train_dataset=dataset).train()

    return run


LOOPS: dict[str, Callable[..., None]] = {
    "plain": plain_loop,
    "native": our_trainer("OUMI"),
    "hf": our_trainer("HF"),
}


def measure(make: Any, steps: int, device: str, rounds: int) -> dict[str, list[float]]:
    """Samples per second of each loop, a list over the rounds."""
    speeds: dict[str, list[float]] = {name: [] for name in LOOPS}
    for round_number in range(rounds + 1):
        order = random.sample(list(LOOPS), len(LOOPS))
        for name in order:
            torch.manual_seed(0)
            model, dataset, batch_size = make(device)
            start = time.perf_counter()
            LOOPS[name](model, dataset, batch_size, steps)
            if device != "cpu":
                torch.cuda.synchronize()
            if round_number > 0:  # The first round warms up.
                seconds = time.perf_counter() - start
                speeds[name].append(steps * batch_size / seconds)
    return speeds


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    arguments = parser.parse_args()
    logging.disable(logging.INFO)
    is_cpu = arguments.device == "cpu"
    hardware = platform.processor() if is_cpu else torch.cuda.get_device_name()
    print(f"{arguments.device} {hardware}, {torch.get_num_threads()} threads")
    print(f"torch {torch.__version__}, transformers {transformers.__version__}")
    print(f"{'model':6} {'loop':8} {'samples/s':>10}  ratio to plain (quartiles)")
    results: dict[str, Any] = {}
    for model_name, (make, steps) in MODELS.items():
        speeds = measure(make, steps, arguments.device, arguments.rounds)
        for loop_name, values in speeds.items():
            pairs = zip(values, speeds["plain"], strict=True)
            low, middle, high = statistics.quantiles([a / b for a, b in pairs], n=4)
            speed = statistics.median(values)
            print(
                f"{model_name:6} {loop_name:8} {speed:10,.0f}  "
                f"{middle:.2f} ({low:.2f} to {high:.2f})"
            )
        results[model_name] = speeds
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
