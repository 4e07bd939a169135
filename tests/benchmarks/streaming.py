"""Speed and memory of training on a streamed file of texts.

Run it as `make bench`, or `python tests/benchmarks/streaming.py --rows 10000000`. It
writes its file into a temporary folder, and prints a table and JSON. Readers and
trainings come in random order in every round; medians are shown. The ratio is to what
`datasets` takes to hand out the rows themselves, untokenized.
"""

import argparse
import json
import logging
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import psutil
import torch
from text_files import (
    BATCH_SIZE,
    READERS,
    VOCABULARY,
    make_model,
    preprocessing_of,
    tokenized_loader,
    tokenized_stream,
    write,
)
from torch import nn
from torch.utils.data import Dataset
from training import hardware

from oumi_runtime.builders import build_trainer
from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.datasets import concatenate
from oumi_runtime.core.trainers.callbacks import TrainingCallback

BASE = "datasets: rows"
FIRST_MEMORY_STEP = 1000
Speed = dict[str, float]


def timed(work: Callable[[], int]) -> Speed:
    """Rows per second of the clock, and of the processor's time of this process.

    Args:
        work: Returns how many rows it went through.
    """
    clock, cpu = time.perf_counter(), time.process_time()
    num_rows = work()
    clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
    return {"rows_per_s": num_rows / clock, "rows_per_cpu_s": num_rows / cpu}


class Reading:
    """Reads on in a file from round to round; at its end, from the front again."""

    def __init__(self, name: str, path: Path, seconds: float) -> None:
        self._open = lambda: READERS[name](path)
        self._seconds = seconds
        self._batches = self._open()

    def __call__(self) -> Speed:
        """Reads for some seconds."""
        return timed(self._read)

    def _read(self) -> int:
        end = time.perf_counter() + self._seconds
        count = 0
        while time.perf_counter() < end:
            batch = next(self._batches, None)
            if batch is None:
                self._batches = self._open()
            else:
                count += len(batch)
        return count


def train_streamed(path: Path, steps: int, *callbacks: TrainingCallback) -> Speed:
    """Our trainer on the stream."""
    return _train(tokenized_stream(path), steps, callbacks)


def train_from_memory(path: Path, steps: int) -> Speed:
    """Our trainer on the same samples, tokenized before."""
    tokenized: Any = tokenized_stream(path)
    num_blocks = -(-steps * BATCH_SIZE // 4096) + 1
    blocks = islice(tokenized.blocks(), num_blocks)
    held = concatenate([tokenized.columns(block) for block in blocks])
    return _train(held, steps, ())


def _train(
    dataset: Dataset[Any], steps: int, callbacks: tuple[TrainingCallback, ...]
) -> Speed:
    with tempfile.TemporaryDirectory() as folder:
        params = TrainingParams(
            output_dir=folder,
            per_device_train_batch_size=BATCH_SIZE,
            max_steps=steps,
            logging_steps=50,
            save_steps=0,
        )
        trainer = build_trainer(
            params, model=make_model(), train_dataset=dataset, callbacks=callbacks
        )

        def work() -> int:
            trainer.train()
            return steps * BATCH_SIZE

        return timed(work)


def train_by_hand(path: Path, steps: int) -> Speed:
    """A plain loop on what `datasets` and a tokenizer give."""
    model = make_model()
    batches = iter(tokenized_loader(path))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)

    def work() -> int:
        model.train()
        for batch in islice(batches, steps):
            optimizer.zero_grad()
            model(**batch)["loss"].backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        return steps * BATCH_SIZE

    return timed(work)


TRAININGS: dict[str, Callable[[Path, int], Speed]] = {
    "training by hand on datasets": train_by_hand,
    "training, ours, from memory": train_from_memory,
    "training, ours, streamed": train_streamed,
}


class MemoryAt(TrainingCallback):
    """Notes what the process holds in memory after some steps."""

    def __init__(self, *steps: int) -> None:
        self.megabytes = dict.fromkeys(steps, 0.0)

    def on_step_end(self, state: Any) -> None:
        if state.global_step in self.megabytes:
            resident = psutil.Process().memory_info().rss
            self.megabytes[state.global_step] = resident / 2**20


def memory_of(path: Path, steps: int) -> dict[str, float]:
    """Trains in a process of its own; MiB that it holds after 1,000 steps, and all."""
    command = [sys.executable, __file__, "--memory-of", str(path), "--steps"]
    done = subprocess.run(
        [*command, str(steps)], capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def print_memory(path: Path, steps: int) -> None:
    """What the process of `memory_of` does."""
    memory = MemoryAt(FIRST_MEMORY_STEP, steps)
    train_streamed(path, steps, memory)
    print(json.dumps(memory.megabytes))


def speeds_of(path: Path, given: argparse.Namespace) -> dict[str, list[Speed]]:
    """What every reader and training measures in each round; the first warms up."""
    measures: dict[str, Callable[[], Speed]] = {
        name: Reading(name, path, given.read_seconds) for name in READERS
    } | {
        name: lambda train=train: train(path, given.train_steps)
        for name, train in TRAININGS.items()
    }
    measures = {name: measures[name] for name in given.measures}
    found: dict[str, list[Speed]] = {name: [] for name in measures}
    for number in range(given.rounds + 1):
        for name in random.sample(list(measures), len(measures)):
            speed = measures[name]()
            if number > 0:
                found[name].append(speed)
    return found


def show(kind: str, found: dict[str, list[Speed]]) -> None:
    for name, speeds in found.items():
        pairs = list(zip(speeds, found[BASE], strict=True))
        clock, cpu = (
            statistics.median(one[key] / base[key] for one, base in pairs)
            for key in ("rows_per_s", "rows_per_cpu_s")
        )
        median = statistics.median(speed["rows_per_s"] for speed in speeds)
        print(f"{kind:8} {name:32} {median:10,.0f}  {clock:5.2f}  {cpu:5.2f}")


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=400_000, help="of the file")
    parser.add_argument("--read-seconds", type=float, default=3, help="of a round")
    parser.add_argument("--train-steps", type=int, default=1000, help="of a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--steps", type=int, default=5000, help="of the memory; 0 for none"
    )
    parser.add_argument("--measures", nargs="+", default=[*READERS, *TRAININGS])
    parser.add_argument("--kinds", nargs="+", default=["parquet", "jsonl"])
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    parser.add_argument("--memory-of", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.INFO)
    os.environ["TOKENIZERS_PARALLELISM"] = "true"
    if given.memory_of is not None:
        print_memory(given.memory_of, given.steps)
        return
    results: dict[str, Any] = {"hardware": hardware("cpu"), "rows": given.rows}
    results["hardware"] |= {
        n: version(n) for n in ("datasets", "tokenizers", "pyarrow")
    }
    print(json.dumps(results["hardware"]))
    print(f"{given.rows:,} rows; vocabulary {VOCABULARY}, batches of {BATCH_SIZE}")
    print(f"{'file':8} {'what':32} {'rows/s':>10}  ratio  of CPU time")
    with tempfile.TemporaryDirectory() as folder:
        for kind in given.kinds:
            path = Path(folder) / f"texts.{kind}"
            write(path, given.rows)
            preprocessing_of(path)
            found = speeds_of(path, given)
            show(kind, found)
            memory = memory_of(path, given.steps) if given.steps else {}
            for step, megabytes in memory.items():
                print(f"{kind:8} after {step} steps {megabytes:,.0f} MiB are held")
            results[kind] = {"speed": found, "memory_mib": memory}
    if given.json is not None:
        given.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
