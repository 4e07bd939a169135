"""Points a model's config at the user's own data, and fits the model to it.

The kind of the file and the task tell which registered dataset reads it; its columns
tell the rest: how many classes and features there are, and how large an image is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from oumi_scaffold.exceptions import DataFileError
from oumi_scaffold.user_images import look_into_archive, look_into_folder
from oumi_scaffold.user_tables import SUFFIXES, UserTable, read_user_table
from oumi_scaffold.values import Value

_TEXTS = ("text", "sentence", "content", "body", "review", "message", "document")
_LABELS = ("label", "labels", "class", "category", "target", "y", "sentiment")
_ORDER = ("train", "validation", "test")
_SPLITS = {name: name for name in _ORDER} | dict.fromkeys(
    ("valid", "val", "dev"), "validation"
)
_PICTURE_SIZE = 32


@dataclass(frozen=True)
class UserData:
    """What reads the data, its splits, and what the constructor has to be given."""

    dataset_name: str
    splits: tuple[str, ...] = ("train",)
    dataset_kwargs: Mapping[str, str | bool | int | list[str]] = field(
        default_factory=dict[str, str | bool | int | list[str]]
    )
    arguments: Mapping[str, int] = field(default_factory=dict[str, int])

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
            "__splits": " ".join(name for name in _ORDER if name in self.splits),
            **{k: v for k, v in self.arguments.items() if k in settable},
        }


def look_into(path: Path, task: str) -> UserData:
    """Finds out what a file or folder holds for a task.

    Args:
        path: The user's data.
        task: A task of the catalogue.

    Raises:
        DataFileError: It is not there, cannot be read, or lacks what the task needs.
    """
    if not path.exists():
        raise DataFileError(str(path), "there is no such file or folder")
    readers: Mapping[str, Callable[[Path], UserData]] = {
        "text-classification": _labelled_texts,
        "image-classification": _images,
        "tabular-classification": _classified_rows,
        "tabular-regression": _measured_rows,
        "causal-lm": _plain_texts,
    }
    if task not in readers:
        known = ", ".join(readers)
        reason = (
            f"--data does not know what {task} needs, only {known}; set data in the"
        )
        raise DataFileError(str(path), f"{reason} config by hand")
    return readers[task](path)


def _labelled_texts(path: Path) -> UserData:
    table, splits = _table(path)
    text = table.column(_TEXTS, "text")
    label = table.column(_LABELS, "label")
    return UserData(
        "text_classification",
        splits,
        {
            **({"text_column": text} if text != "text" else {}),
            **({"label_column": label} if label != "label" else {}),
        },
        {"num_classes": table.number_of_classes(label)},
    )


def _classified_rows(path: Path) -> UserData:
    return _rows(path, regression=False)


def _measured_rows(path: Path) -> UserData:
    return _rows(path, regression=True)


def _rows(path: Path, *, regression: bool) -> UserData:
    table, splits = _table(path)
    label = table.column(_LABELS, "label")
    kwargs: dict[str, str | bool | int | list[str]] = {}
    if label != "label":
        kwargs["label_column"] = label
    others = [name for name in table.columns if name != label]
    split = next((n for n in others if _is_split(table, n)), None)
    if split is not None and path.is_file():
        kwargs["split_column"] = split
        splits = tuple(str(name) for name in dict.fromkeys(table.columns[split]))
        others.remove(split)
    features = [name for name in others if table.holds_numbers(name)]
    if not features:
        reason = (
            f"it has no column of numbers besides {label}, only {', '.join(others)}"
        )
        raise DataFileError(str(table.path), reason)
    if features != others:
        kwargs["feature_columns"] = features
    arguments = {"num_features": len(features)}
    if regression:
        if not table.holds_numbers(label):
            raise DataFileError(str(table.path), f"{label} does not hold numbers alone")
        kwargs["regression"] = True
    else:
        arguments["num_classes"] = table.number_of_classes(label)
    return UserData("tabular", splits, kwargs, arguments)


def _images(path: Path) -> UserData:
    if path.is_dir():
        facts = look_into_folder(path, _SPLITS)
        kwargs = {"image_size": _PICTURE_SIZE}
        sizes = {"image_size": _PICTURE_SIZE, "in_channels": 3}
        arguments = {"num_classes": facts.num_classes, **sizes}
        return UserData("image_folder", facts.splits, kwargs, arguments)
    if path.suffix.lower() != ".npz":
        reason = "give an .npz file, or a folder of pictures: train/CLASS/*.png"
        raise DataFileError(str(path), reason)
    facts = look_into_archive(path)
    sizes = {"image_size": facts.image_size or 0, "in_channels": facts.in_channels or 0}
    if "train" not in facts.splits:
        there = ", ".join(facts.splits)
        raise DataFileError(str(path), f"it has no split train, only {there}")
    arguments = {"num_classes": facts.num_classes, **sizes}
    return UserData("npz_file", facts.splits, arguments=arguments)


def _plain_texts(path: Path) -> UserData:
    if path.is_file():
        return UserData("text_lm")
    return UserData("text_lm", tuple(_split_files(path, (*SUFFIXES, ".txt"))))


def _table(path: Path) -> tuple[UserTable, tuple[str, ...]]:
    """The table that the model learns from, and the splits that there are."""
    if path.is_file():
        return read_user_table(path), ("train",)
    files = _split_files(path, SUFFIXES)
    return read_user_table(files["train"]), tuple(files)


def _split_files(path: Path, suffixes: tuple[str, ...]) -> dict[str, Path]:
    names = {
        file.stem: file
        for file in sorted(path.iterdir())
        if file.suffix.lower() in suffixes and file.stem in _SPLITS
    }
    if "train" not in names:
        reason = f"it holds no train split; name a file train{suffixes[0]} or such"
        raise DataFileError(str(path), reason)
    return {_SPLITS[stem]: file for stem, file in names.items()}


def _is_split(table: UserTable, column: str) -> bool:
    values = {str(value) for value in table.columns[column]}
    return column.lower() == "split" and "train" in values and values <= set(_ORDER)
