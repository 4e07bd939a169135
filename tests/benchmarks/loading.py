"""How fast a user's own dataset is read sample by sample, against torch's DataLoader.

Run it as `python tests/benchmarks/loading.py`. It prints a table and JSON. A ratio is
to the loader that a user writes, in the same round: above 1 is faster. Ours also seeds
each batch, so that a sample that is augmented at random is the same whichever process
reads it.
"""

import json
import random
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

from oumi_runtime.core.trainers.batches.map_batches import TrainBatches
from oumi_runtime.core.trainers.batches.ordered_workers import Loading

BATCH_SIZE, NUM_SAMPLES, ROUNDS = 64, 100_000, 5
Sample = dict[str, Any]


class Rows(Dataset[Sample]):
    """Rows of 16 numbers, and texts of 5 to 34 tokens, or pictures."""

    def __init__(self, kind: str) -> None:
        self.make: Callable[[int], Sample] = getattr(self, kind)
        self.numbers = torch.rand(NUM_SAMPLES, 16)
        self.picture = torch.rand(3, 224, 224)

    def __len__(self) -> int:
        return NUM_SAMPLES

    def __getitem__(self, index: int) -> Sample:
        return self.make(index)

    def rows(self, index: int) -> Sample:
        return {"features": self.numbers[index], "labels": torch.tensor(index % 4)}

    def texts(self, index: int) -> Sample:
        return {"input_ids": torch.arange(5 + index % 30), "labels": index % 4}

    def pictures(self, index: int) -> Sample:
        return {"images": self.picture, "labels": index % 4}


def padded(samples: list[Sample]) -> Sample:
    """What a user writes for texts."""
    ids = pad_sequence([each["input_ids"] for each in samples], batch_first=True)
    return {
        "input_ids": ids,
        "attention_mask": ids.ne(0).long(),
        "labels": torch.tensor([each["labels"] for each in samples]),
    }


class Subject(NamedTuple):
    """A dataset, and how many of its batches are a round."""

    kind: str
    num_batches: int


SUBJECTS = [Subject("rows", 400), Subject("texts", 400), Subject("pictures", 30)]


def ours(dataset: Rows, kind: str, num_workers: int) -> Iterator[Any]:
    batches = TrainBatches(
        dataset,
        batch_size=BATCH_SIZE,
        accumulation_steps=1,
        seed=0,
        device=torch.device("cpu"),
        loading=Loading(num_workers),
    )
    return batches.epoch(0)


def theirs(dataset: Rows, kind: str, num_workers: int) -> Iterator[Any]:
    loader = DataLoader(
        dataset,
        BATCH_SIZE,
        shuffle=True,
        num_workers=num_workers,
        collate_fn=padded if kind == "texts" else None,
    )
    return iter(loader)


def seconds(batches: Iterator[Any], count: int) -> float:
    """Of reading on, once the first batch is there."""
    next(batches)
    began = time.perf_counter()
    for _ in islice(batches, count):
        pass
    return time.perf_counter() - began


def main() -> None:
    """Runs the benchmark."""
    results = []
    print(
        f"{'samples':<10}{'workers':>8}{'ours/s':>10}{'torch/s':>10}  ratio (quartiles)"
    )
    for kind, count in SUBJECTS:
        dataset = Rows(kind)
        for num_workers in (0, 2):
            found: dict[Any, list[float]] = {ours: [], theirs: []}
            for _ in range(ROUNDS):
                for load in random.sample([ours, theirs], 2):
                    batches = load(dataset, kind, num_workers)
                    found[load].append(seconds(batches, count))
                    del batches
            pairs = zip(found[theirs], found[ours], strict=True)
            ratios = [other / own for other, own in pairs]
            low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
            speeds = [
                count * BATCH_SIZE / statistics.median(found[load])
                for load in (ours, theirs)
            ]
            print(
                f"{kind:<10}{num_workers:>8}{speeds[0]:>10,.0f}{speeds[1]:>10,.0f}  "
                f"{middle:.2f} ({low:.2f} to {high:.2f})"
            )
            results.append({"samples": kind, "workers": num_workers, "ratios": ratios})
    print(json.dumps(results))


if __name__ == "__main__":
    main()
