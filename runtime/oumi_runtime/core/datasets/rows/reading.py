"""Selecting, reading and describing single rows of datasets."""

import sysconfig
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from torch.utils.data import Dataset, Subset

from oumi_runtime.exceptions import BadRowError, OumiRuntimeError

_LIBRARIES: list[Path | str] = [
    Path(__file__).parents[3],  # This package.
    *map(sysconfig.get_path, ("stdlib", "platstdlib", "purelib", "platlib")),
]


class ChosenRows(Dataset[Any]):
    """Selected rows of several map-style datasets, in any order."""

    def __init__(self, datasets: Sequence[Dataset[Any]], rows: torch.Tensor) -> None:
        """Initializes the selection.

        Args:
            datasets: At least one; their rows are numbered consecutively.
            rows: Row numbers, (samples,) int64; may contain duplicates.
        """
        self.datasets = list(datasets)
        self.label_names: list[str] | None = getattr(datasets[0], "label_names", None)
        lengths = [len(cast(Any, dataset)) for dataset in datasets]
        self._ends = torch.tensor(lengths).cumsum(0)
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Any:
        dataset, row = self.locate(index)
        return dataset[row]

    def locate(self, index: int) -> tuple[Dataset[Any], int]:
        """Returns the dataset a sample comes from, and its row there, from 0."""
        row = int(self._rows[index])
        source = int(torch.searchsorted(self._ends, row, right=True))
        start = int(self._ends[source - 1]) if source else 0
        return self.datasets[source], row - start


def describe_row(dataset: Any, key: Any) -> str:
    """Describes the row and dataset that a sample comes from.

    Args:
        dataset: The dataset of the sample.
        key: The sample's index in the dataset.

    Returns:
        For example `row 3 of dataset 'mine' (data/mine.csv)`; rows count from 1.
    """
    while hasattr(dataset, "locate") or isinstance(dataset, Subset):
        if isinstance(dataset, Subset):
            dataset, key = dataset.dataset, dataset.indices[key]
        else:
            dataset, key = dataset.locate(key)
    if isinstance(key, int) and getattr(dataset, "origin", None) is not None:
        described: str = dataset.origin.describe(key)
        return described
    name = getattr(dataset, "dataset_name", None) or type(dataset).__name__
    path = getattr(dataset, "dataset_path", None)
    row = key + 1 if isinstance(key, int) else key
    return f"row {row} of dataset {name!r}" + (f" ({path})" if path else "")


class LeftOut(NamedTuple):
    """Takes the place of an unusable sample."""

    where: str
    """The sample, as described by `describe_row`."""
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


class RowReader(Dataset[tuple[Any, Any]]):
    """Reads samples for a data loader; errors name the row that cannot be read."""

    def __init__(self, dataset: Dataset[Any], *, leaves_out_bad: bool = False) -> None:
        """Initializes the reader.

        Args:
            dataset: The dataset to read; keys may be of any type.
            leaves_out_bad: Whether to return a `LeftOut` for a sample that cannot be
                read, instead of raising an error.
        """
        self.dataset = dataset
        self._leaves_out_bad = leaves_out_bad

    def __len__(self) -> int:
        return len(cast(Any, self.dataset))

    def __getitem__(self, key: Any) -> tuple[Any, Any]:
        """Returns the key and its sample.

        Raises:
            BadRowError: The dataset raised an error.
        """
        try:
            return key, self.dataset[key]
        except Exception as error:
            is_named = isinstance(error, BadRowError)
            if is_named and not self._leaves_out_bad:
                raise
            where = describe_row(self.dataset, key)
            bad = LeftOut(where, in_one_line(error).removeprefix(f"{where}: "))
            if self._leaves_out_bad:
                return key, bad
            raise BadRowError(str(bad)) from error


def in_one_line(error: BaseException) -> str:
    """Returns an error's message on one line.

    Unless it is our own, its type comes first, and last the user's line it arose in.
    """
    text = " ".join(str(error).split()) or "no reason given"
    if isinstance(error, OumiRuntimeError):
        return text
    return f"{type(error).__name__}: {text}{_users_line(error)}"


def _users_line(error: BaseException) -> str:
    """Returns the innermost line of code that is no library's, in parentheses."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_file() and not any(path.is_relative_to(each) for each in _LIBRARIES):
            return f" ({path.name}:{frame.lineno})"
    return ""
