"""Inspects the user's own data, to fit the config and the model to it.

The file type and the task determine which registered dataset reads it; its columns
determine the numbers of classes and features, and the image size.
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from oumi_scaffold.exceptions import DataFileError, DataOptionError, shown
from oumi_scaffold.user_data.findings import UserData
from oumi_scaffold.user_data.images import labelled_images
from oumi_scaffold.user_data.tabular import classified_rows, measured_rows
from oumi_scaffold.user_data.texts import (
    labelled_texts,
    plain_texts,
    tagged_texts,
    text_pairs,
)


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
    data = kind.read(path, columns)
    if data.arguments.get("num_classes") == 1:
        reason = "all of it is of one class; classifying takes two or more"
        raise DataFileError(str(path), reason)
    return data


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
    "image-classification": _Kind(labelled_images),
    "tabular-classification": _Kind(classified_rows, ("label",)),
    "tabular-regression": _Kind(measured_rows, ("label",)),
}
