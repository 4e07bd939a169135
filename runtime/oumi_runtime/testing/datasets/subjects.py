"""Finds the datasets to check by name or file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch.utils.data import Dataset

from oumi_runtime.builders import build_dataset
from oumi_runtime.core.registry import REGISTRY, RegistryType, declarations_in
from oumi_runtime.testing.datasets.case import SPLITS, DatasetFactory
from oumi_runtime.testing.files import load_file

_NO_SUCH_SPLIT = (ValueError, LookupError, OSError)


@dataclass(frozen=True)
class DatasetSubject:
    """A registered dataset to check."""

    name: str
    make_dataset: DatasetFactory
    splits: tuple[str, ...]

    @property
    def origin(self) -> str:
        """A description of what is looked at."""
        return f"in its splits {', '.join(self.splits)}"


def find_datasets(target: str) -> list[DatasetSubject]:
    """Finds the datasets that a name or a file refers to; none if it is of models.

    Args:
        target: A registered name; or the path of a Python file that registers datasets.

    Raises:
        DataError: A dataset cannot be made without arguments of a config.
    """
    path = Path(target)
    if path.suffix == ".py" and path.is_file():
        names = [
            each.name
            for each in declarations_in(path)
            if each.type is RegistryType.DATASET
        ]
        if any(REGISTRY.get_dataset(name) is None for name in names):
            load_file(path)
        return [_subject(name) for name in names]
    is_model = REGISTRY.contains(target, RegistryType.MODEL)
    if is_model or not REGISTRY.contains(target, RegistryType.DATASET):
        return []
    return [_subject(target)]


def _subject(name: str) -> DatasetSubject:
    def make_dataset(split: str) -> Dataset[Any]:
        return build_dataset(name, split=split)

    first, *others = SPLITS
    make_dataset(first)
    there = [split for split in others if _has(make_dataset, split)]
    return DatasetSubject(name, make_dataset, (first, *there))


def _has(make_dataset: DatasetFactory, split: str) -> bool:
    try:
        make_dataset(split)
    except _NO_SUCH_SPLIT:
        return False
    return True
