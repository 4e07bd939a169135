"""The files of the user's own data: one, or one for each split."""

from collections.abc import Mapping
from pathlib import Path

from oumi_scaffold.exceptions import DataFileError
from oumi_scaffold.user_data.findings import SPLITS_IN_ORDER
from oumi_scaffold.user_data.tables import SUFFIXES, UserTable, read_user_table

SPLITS = {name: name for name in SPLITS_IN_ORDER} | dict.fromkeys(
    ("valid", "val", "dev"), "validation"
)
"""The split that a file or folder of some name is."""


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
