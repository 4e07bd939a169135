"""Datasets with one fault each, by the check that has to find it."""

import os
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset, get_worker_info

from oumi_runtime.core.datasets import (
    BaseIterableDataset,
    BaseMapDataset,
    ColumnDataset,
)
from oumi_runtime.core.distributed import get_rank, get_world_size

NUM_ROWS = {"train": 60, "validation": 20, "test": 20}
FIRST_ROW = {"train": 0, "validation": 60, "test": 80}


def rows_of(split: str) -> list[dict[str, Any]]:
    """Three numbers and one of four classes in each row."""
    numbers = range(FIRST_ROW[split], FIRST_ROW[split] + NUM_ROWS[split])
    return [{"values": [n, n * n, n % 7], "label": n % 4} for n in numbers]


class Rows(BaseMapDataset):
    """A sound dataset, from which the faulty ones differ in one thing."""

    label_names = ("a", "b", "c", "d")

    def __init__(self, split: str = "train") -> None:
        super().__init__(dataset_name="rows", split=split)
        self._data = rows_of(split)

    def transform(self, sample: Any) -> dict[str, Any]:
        return {
            "features": torch.tensor(sample["values"], dtype=torch.float32),
            "labels": torch.tensor(sample["label"]),
        }


class Lines(BaseIterableDataset):
    """The same rows, one after the other."""

    label_names = ("a", "b", "c", "d")

    def __init__(self, split: str = "train") -> None:
        super().__init__(dataset_name="lines", split=split)

    def iter_raw(self) -> Iterator[Any]:
        yield from rows_of(self.split or "train")

    transform = Rows.transform


class Texts(Rows):
    def transform(self, sample: Any) -> dict[str, Any]:
        return {"text": f"row {sample['values'][0]}", "label": sample["label"]}


class TooLong(Rows):
    def __len__(self) -> int:
        return super().__len__() + 1


class LeavesRowsOut(Lines):
    def __len__(self) -> int:
        return NUM_ROWS[self.split or "train"]

    def iter_raw(self) -> Iterator[Any]:
        return (row for row in super().iter_raw() if row["values"][0] != 3)


class Empty(Rows):
    def __init__(self, split: str = "train") -> None:
        super().__init__(split)
        self._data = []


class ChangesItsRows(Rows):
    def transform(self, sample: Any) -> dict[str, Any]:
        sample["values"][0] += 1
        return super().transform(sample)


class HasItsOwnGenerator(Rows):
    def __init__(self, split: str = "train") -> None:
        super().__init__(split)
        self._generator = np.random.default_rng(0)

    def transform(self, sample: Any) -> dict[str, Any]:
        found = super().transform(sample)
        found["features"] += float(self._generator.normal())
        return found


class RemembersTheLast(Rows):
    largest = 0

    def transform(self, sample: Any) -> dict[str, Any]:
        self.largest = max(self.largest, sample["values"][1])
        found = super().transform(sample)
        found["features"][1] /= max(1, self.largest)
        return found


class WrapsAround(Rows):
    def raw(self, idx: int) -> Any:
        return self._data[idx % len(self._data)]


class RaisesKeyError(Rows):
    def __init__(self, split: str = "train") -> None:
        super().__init__(split)
        self._data = dict(enumerate(self._data))


class ShufflesUnseeded(Rows):
    def __init__(self, split: str = "train") -> None:
        super().__init__(split)
        random.shuffle(self._data)


class SplitsUnseeded(Rows):
    def __init__(self, split: str = "train") -> None:
        super().__init__(split)
        self._data = [row for row in self._data if np.random.rand() < 0.8]


class ShufflesItsStream(Lines):
    def iter_raw(self) -> Iterator[Any]:
        rows = list(super().iter_raw())
        yield from (rows[i] for i in torch.randperm(len(rows)).tolist())


class LacksALabel(Rows):
    def transform(self, sample: Any) -> dict[str, Any]:
        found = super().transform(sample)
        if sample["values"][0] == 7:
            del found["labels"]
        return found


class MixesDtypes(Rows):
    def transform(self, sample: Any) -> dict[str, Any]:
        values = sample["values"]
        values = [value / 2 for value in values] if values[0] == 7 else values
        return super().transform(sample) | {"features": torch.tensor(values)}


class GivesPairs(Rows):
    def __getitem__(self, idx: int) -> Any:
        return tuple(super().__getitem__(idx).values())


class DiffersInSize(Rows):
    def transform(self, sample: Any) -> dict[str, Any]:
        side = 3 + sample["label"]
        found = super().transform(sample)
        return {"images": torch.rand(1, side, side), "labels": found["labels"]}


class MixesTexts(Texts):
    def transform(self, sample: Any) -> dict[str, Any]:
        found = super().transform(sample)
        return found | {"label": 0.5} if sample["values"][0] else found


class NamesItsTexts(Texts):
    def transform(self, sample: Any) -> dict[str, Any]:
        return super().transform(sample) | {"id": f"row {sample['values'][0]}"}


class NamesItsRows(Rows):
    def transform(self, sample: Any) -> dict[str, Any]:
        return super().transform(sample) | {"id": f"row {sample['values'][0]}"}


class CountsItsTexts(Texts):
    def transform(self, sample: Any) -> dict[str, Any]:
        numbers = torch.ones(sample["values"][0] % 3)
        return super().transform(sample) | {"numbers": numbers}


class HoldsNone(Rows):
    def transform(self, sample: Any) -> dict[str, Any]:
        return super().transform(sample) | {"weights": None}


class TakesTheLogarithm(Rows):
    def transform(self, sample: Any) -> dict[str, Any]:
        found = super().transform(sample)
        return found | {"features": found["features"].log()}


class CountsFromOne(Rows):
    def transform(self, sample: Any) -> dict[str, Any]:
        found = super().transform(sample)
        return found | {"labels": found["labels"] + 1}


class GivesFloats(Rows):
    def transform(self, sample: Any) -> dict[str, Any]:
        found = super().transform(sample)
        return found | {"labels": found["labels"].float()}


class NamesNoClass(Texts):
    def transform(self, sample: Any) -> dict[str, Any]:
        return super().transform(sample) | {"label": "abcde"[sample["values"][2] % 5]}


class AlwaysTheFirst(Rows):
    def raw(self, idx: int) -> Any:
        return self._data[idx] | {"values": self._data[0]["values"]}


class AlwaysOneLabel(Rows):
    def transform(self, sample: Any) -> dict[str, Any]:
        return super().transform(sample) | {"labels": torch.tensor(2)}


class HoldsALambda(Rows):
    def __init__(self, split: str = "train") -> None:
        super().__init__(split)
        self.scale = lambda values: values * 2


class LosesItsState(Rows):
    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_data": rows_of("train")[::-1]}


class DividesAmongWorkers(Rows):
    def raw(self, idx: int) -> Any:
        worker = get_worker_info()
        return self._data[idx if worker is None else idx // worker.num_workers]


class DividesAmongProcesses(Rows):
    def __init__(self, split: str = "train") -> None:
        super().__init__(split)
        self._data = self._data[get_rank() :: get_world_size()]


class DividesByVariable(Lines):
    def iter_raw(self) -> Iterator[Any]:
        rank, size = (int(os.environ.get(n, d)) for n, d in _VARIABLES)
        yield from list(super().iter_raw())[rank::size]


_VARIABLES = (("RANK", "0"), ("WORLD_SIZE", "1"))


class TakesViews(ColumnDataset):
    def __init__(self, split: str = "train") -> None:
        rows = rows_of(split)
        values = [row["values"] for row in rows]
        labels = torch.tensor([row["label"] for row in rows])
        features = torch.tensor(values, dtype=torch.float32)
        super().__init__({"features": features, "labels": labels})

    def take(self, indices: torch.Tensor) -> dict[str, torch.Tensor]:
        if len(indices) > 1:
            return {
                name: column[: len(indices)]  # type: ignore[misc]
                for name, column in self.columns.items()
            }
        return super().take(indices)


class IgnoresItsSplit(Rows):
    def __init__(self, split: str = "train") -> None:
        super().__init__("train")


class OverlapsByOne(Rows):
    def __init__(self, split: str = "train") -> None:
        super().__init__(split)
        if split == "test":
            self._data.append(rows_of("train")[-1])


class HasAnEmptySplit(Rows):
    def __init__(self, split: str = "train") -> None:
        super().__init__(split)
        if split == "test":
            self._data = []


class LabelsOnlyTraining(Rows):
    def transform(self, sample: Any) -> dict[str, Any]:
        found = super().transform(sample)
        if self.split != "train":
            del found["labels"]
        return found


class NumbersClassesAnew(Rows):
    def __init__(self, split: str = "train") -> None:
        super().__init__(split)
        if split == "test":
            self.label_names = ("b", "a", "c", "d")


class ReadOnce(Lines):
    def __init__(self, split: str = "train") -> None:
        super().__init__(split)
        self._rows = iter(rows_of(split))

    def iter_raw(self) -> Iterator[Any]:
        yield from self._rows


class OtherOrderNextTime(Lines):
    step = -1

    def iter_raw(self) -> Iterator[Any]:
        self.step = -self.step
        yield from rows_of(self.split or "train")[:: self.step]


class CountsWhatItMakes(Lines):
    number = 0

    def iter_raw(self) -> Iterator[Any]:
        self.number = 0
        return super().iter_raw()

    def transform(self, sample: Any) -> dict[str, Any]:
        self.number += 1
        found = super().transform(sample)
        return found | {"number": torch.tensor(self.number)}


FAULTS: list[tuple[str, type[Dataset[Any]], str]] = [
    ("length_is_that_of_iteration", TooLong, "is 61, but there are fewer"),
    ("length_is_that_of_iteration", LeavesRowsOut, "is 60, but there are fewer"),
    ("length_is_that_of_iteration", Empty, "'train' has no samples"),
    ("same_index_gives_the_same_sample", ChangesItsRows, "'features' is .* and"),
    ("same_index_gives_the_same_sample", HasItsOwnGenerator, "sample 0 is another"),
    ("order_of_reading_does_not_matter", RemembersTheLast, "later samples"),
    ("index_out_of_range_raises_index_error", WrapsAround, "index 60 .* gives a dict"),
    ("index_out_of_range_raises_index_error", RaisesKeyError, "raises KeyError"),
    ("made_again_it_is_the_same", ShufflesUnseeded, "another sample 0"),
    ("made_again_it_is_the_same", SplitsUnseeded, "another sample|samples and not"),
    ("made_again_it_is_the_same", ShufflesItsStream, "another sample"),
    ("samples_have_the_same_fields", LacksALabel, "number 7 has features"),
    ("samples_have_the_same_fields", MixesDtypes, "is int64 .* but float32"),
    ("samples_have_the_same_fields", GivesPairs, "a sample is a tuple"),
    ("samples_fit_into_a_batch", DiffersInSize, "'images' is of shapes"),
    ("samples_fit_into_a_batch", MixesTexts, "most samples are texts"),
    ("samples_fit_into_a_batch", NamesItsTexts, "'id' of its samples is 'row 0', and"),
    ("samples_fit_into_a_batch", NamesItsRows, "'id' of its samples is 'row 0', and"),
    ("samples_fit_into_a_batch", CountsItsTexts, "2, 'numbers' is .* of shape"),
    ("samples_have_the_same_fields", HoldsNone, "'weights' is None: leave it out"),
    ("numbers_are_finite", TakesTheLogarithm, "'features' has a -inf"),
    ("labels_are_classes", CountsFromOne, "the label 4 is no class: 0 to 3"),
    ("labels_are_classes", GivesFloats, "is a float"),
    ("labels_are_classes", NamesNoClass, "'e' is no class"),
    ("samples_differ", AlwaysTheFirst, "all of 32 samples are the same"),
    ("samples_differ", AlwaysOneLabel, "'labels' is the same in all"),
    ("dataset_can_be_sent_to_workers", HoldsALambda, "cannot be sent to a worker"),
    ("dataset_can_be_sent_to_workers", LosesItsState, "a copy of the dataset"),
    ("two_workers_read_the_same", DividesAmongWorkers, "when a worker reads it"),
    ("every_process_reads_the_same", DividesAmongProcesses, "two processes"),
    ("every_process_reads_the_same", DividesByVariable, "two processes"),
    ("batches_are_copies", TakesViews, "a change to a batch changes sample"),
    ("splits_share_no_samples", IgnoresItsSplit, "60 of 60 samples of 'validation'"),
    ("splits_share_no_samples", OverlapsByOne, "1 of 21 samples of 'test'"),
    ("splits_share_no_samples", HasAnEmptySplit, "'test' has no samples"),
    ("splits_have_the_same_fields", LabelsOnlyTraining, "'validation' has features"),
    ("splits_have_the_same_fields", NumbersClassesAnew, "label_names of 'test'"),
    ("two_passes_are_the_same", ReadOnce, "has 60 samples, the second 0"),
    ("two_passes_are_the_same", OtherOrderNextTime, "of the second pass is another"),
    ("reading_can_begin_anywhere", CountsWhatItMakes, "begun at sample 30"),
]
