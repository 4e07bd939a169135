"""The files of the user's own data, a split each, and what is found out about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from oumi_scaffold.exceptions import DataFileError
from oumi_scaffold.request.values import Value
from oumi_scaffold.user_data.tables import SUFFIXES, UserTable, read_user_table

LABELS = ("label", "labels", "class", "category", "target", "y", "sentiment")
SPLITS_IN_ORDER = ("train", "validation", "test")
SPLITS = {name: name for name in SPLITS_IN_ORDER} | dict.fromkeys(
    ("valid", "val", "dev"), "validation"
)

SHARES = "{train: 0.8, validation: 0.1, test: 0.1}"
# With fewer, a class might be in one split alone.
_FEWEST_TO_SHARE = 50


@dataclass(frozen=True)
class UserData:
    """What reads the data, its splits, and what the constructor has to be given.

    `left_out` says of each column that cannot be learned from why that is so, and
    `encoded` what becomes of those that are not features as they are; `num_rows` how
    many rows or images there are that say no split, and is 0 where they do; `is_shared`
    whether the splits share them.
    """

    dataset_name: str
    splits: tuple[str, ...] = ("train",)
    dataset_kwargs: Mapping[str, str | bool | int | list[str]] = field(
        default_factory=dict[str, str | bool | int | list[str]]
    )
    arguments: Mapping[str, int] = field(default_factory=dict[str, int])
    left_out: Mapping[str, str] = field(default_factory=dict[str, str])
    encoded: Mapping[str, str] = field(default_factory=dict[str, str])
    num_rows: int = 0
    is_shared: bool = False

    def shared(self) -> "UserData":
        """Returns the data in three splits, where it has none and rows enough."""
        if self.splits != ("train",) or self.num_rows < _FEWEST_TO_SHARE:
            return self
        return replace(self, splits=SPLITS_IN_ORDER, is_shared=True)

    def answers(self, path: str, settable: list[str]) -> dict[str, Value]:
        """Returns the template's variables that say so.

        Args:
            path: The data as the project sees it.
            settable: The constructor's arguments that the template knows.
        """
        return {
            "dataset_name": self.dataset_name,
            "dataset_path": path,
            "dataset_kwargs": dict(self.dataset_kwargs),
            "__splits": " ".join(
                name for name in SPLITS_IN_ORDER if name in self.splits
            ),
            "__split_shares": SHARES if self.is_shared else "",
            **{k: v for k, v in self.arguments.items() if k in settable},
        }


def rows_to_share(path: Path, table: UserTable) -> int:
    """The rows of data that is one file and was read; 0 of a folder with splits."""
    return table.num_rows if path.is_file() else 0


def table_of(
    path: Path, chosen: Mapping[str, str]
) -> tuple[UserTable, tuple[str, ...]]:
    """The table that the model learns from, and the splits that there are.

    Args:
        path: A file, or a folder that holds one a split.
        chosen: The columns that the user has named, by what they are for.

    Raises:
        DataFileError: There is none, or it cannot be read.
    """
    if path.is_file():
        return read_user_table(path, chosen), ("train",)
    files = split_files(path, SUFFIXES)
    return read_user_table(files["train"], chosen), tuple(files)


def split_files(path: Path, suffixes: tuple[str, ...]) -> dict[str, Path]:
    """The file of each split that a folder holds.

    Raises:
        DataFileError: It has none to train on.
    """
    names = {
        file.stem: file
        for file in sorted(path.iterdir())
        if file.suffix.lower() in suffixes and file.stem in SPLITS
    }
    if "train" not in names:
        reason = f"it holds no train split; name a file train{suffixes[0]} or such"
        raise DataFileError(str(path), reason)
    return {SPLITS[stem]: file for stem, file in names.items()}
