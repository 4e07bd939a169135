"""Checks what is asked for of a dataset, and finds the user's file for a split."""

from pathlib import Path

from oumi_runtime.datasets.readers.tables import SUFFIXES
from oumi_runtime.exceptions import DataError, suggestion

_SPLITS = ("train", "validation", "test")
SPLIT_NAMES = {"validation": ("validation", "valid", "val", "dev")}


def check_split(dataset: str, split: str) -> None:
    """Checks the name of a split of a built-in dataset.

    Raises:
        DataError: It is not one of train, validation and test.
    """
    if split not in _SPLITS:
        raise DataError(
            f"{dataset} has no split {split!r}{suggestion(split, _SPLITS)}; take one "
            f"of {', '.join(_SPLITS)}"
        )


def check_number(dataset: str, name: str, number: object, least: int, most: int) -> int:
    """Returns an argument of a built-in dataset that is a whole number.

    Raises:
        DataError: It is none, or out of range.
    """
    if type(number) is not int or not least <= number <= most:
        raise DataError(
            f"{dataset}: {name} is {number!r}; give a whole number from {least} to "
            f"{most}"
        )
    return number


def with_training_file(path: Path, split: str) -> tuple[Path, Path]:
    """Returns the file of a split, and that of the training split if it has its own."""
    own = split_file(path, split)
    return own, split_file(path, "train") if path.is_dir() else own


def split_file(path: Path, split: str) -> Path:
    """Returns the file itself, or the file in a folder that is named for the split."""
    if path.is_file():
        return path
    if not path.is_dir():
        raise DataError(
            f"no file or folder at {path}; set dataset_path to a "
            f"{', '.join(SUFFIXES)} file, or to a folder with train.csv or similar"
        )
    stems = SPLIT_NAMES.get(split, (split,))
    for name in (stem + suffix for stem in stems for suffix in SUFFIXES):
        if (path / name).is_file():
            return path / name
    raise DataError(
        f"{path} has no {split} split; name a file {split}.jsonl, {split}.csv or "
        f"{split}.parquet"
    )
