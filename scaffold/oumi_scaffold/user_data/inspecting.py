"""Inspects the user's own data, to fit the config and the model to it.

The file type and the task determine which registered dataset reads it; its columns
determine the numbers of classes and features, and the image size.
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from oumi_scaffold.exceptions import DataFileError, DataOptionError, shown
from oumi_scaffold.user_data.files import SPLITS, UserData
from oumi_scaffold.user_data.images import look_into_archive, look_into_folder
from oumi_scaffold.user_data.tabular import classified_rows, measured_rows
from oumi_scaffold.user_data.texts import (
    labelled_texts,
    plain_texts,
    tagged_texts,
    text_pairs,
)

_PICTURE_SIZE = 32


def look_into(path: Path, task: str, columns: Mapping[str, str]) -> UserData:
    """Inspects a file or folder of data for a task.

    Args:
        path: The user's data.
        task: A task of the catalogue.
        columns: The columns that the user has chosen, by use.

    Raises:
        DataFileError: It does not exist, cannot be read, or lacks what the task needs.
        DataOptionError: A column is chosen for a use that the task does not have.
    """
    if not path.exists():
        raise DataFileError(str(path), "there is no such file or folder")
    if task not in _KINDS:
        known = ", ".join(_KINDS)
        reason = f"--data does not support {task}, only {known}; set the data in the"
        raise DataFileError(str(path), f"{reason} config by hand")
    kind = _KINDS[task]
    for use in columns:
        if use not in kind.uses:
            takes = f"takes {' and '.join(kind.uses)}" if kind.uses else "takes none"
            nearest = get_close_matches(use, kind.uses, n=1)
            hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
            raise DataOptionError(
                f"--column {shown(use)} is not a column: {task} {takes}{hint}"
            )
    return kind.read(path, columns)


def _images(path: Path, _: Mapping[str, str]) -> UserData:
    if path.is_dir():
        facts = look_into_folder(path, SPLITS)
        kwargs = {"image_size": _PICTURE_SIZE}
        sizes = {"image_size": _PICTURE_SIZE, "in_channels": 3}
        arguments = {"num_classes": facts.num_classes, **sizes}
        return UserData(
            "image_folder",
            facts.splits,
            kwargs,
            arguments,
            num_rows=facts.num_to_share,
        ).shared()
    if path.suffix.lower() != ".npz":
        reason = "give an .npz file, or a folder of pictures: CLASS/*.png"
        raise DataFileError(str(path), reason)
    facts = look_into_archive(path)
    sizes = {"image_size": facts.image_size or 0, "in_channels": facts.in_channels or 0}
    if "train" not in facts.splits:
        there = ", ".join(facts.splits)
        raise DataFileError(str(path), f"it has no split train, only {there}")
    arguments = {"num_classes": facts.num_classes, **sizes}
    return UserData(
        "npz_file", facts.splits, arguments=arguments, num_rows=facts.num_to_share
    ).shared()


class _Kind(NamedTuple):
    """What a task learns from: what looks into it, and the columns that it reads."""

    read: Callable[[Path, Mapping[str, str]], UserData]
    uses: tuple[str, ...] = ()


_KINDS: Mapping[str, _Kind] = {
    "text-classification": _Kind(labelled_texts, ("text", "label")),
    "token-classification": _Kind(tagged_texts, ("tokens", "label")),
    "seq2seq": _Kind(text_pairs, ("text", "target")),
    "embedding": _Kind(text_pairs, ("text", "target")),
    "causal-lm": _Kind(plain_texts, ("text",)),
    "image-classification": _Kind(_images),
    "tabular-classification": _Kind(classified_rows, ("label",)),
    "tabular-regression": _Kind(measured_rows, ("label",)),
}
