"""Reads all rows of a Hugging Face dataset into memory, as columns or texts."""

from dataclasses import dataclass
from typing import Any

import torch

from oumi_runtime.core.datasets import ColumnDataset, RaggedColumn, TextDataset
from oumi_runtime.core.datasets.rows.bad_rows import reject_row
from oumi_runtime.core.datasets.rows.reading import in_one_line
from oumi_runtime.datasets.readers.arrow_columns import gaps_in, to_column
from oumi_runtime.datasets.readers.images import to_image_tensor
from oumi_runtime.exceptions import DataError


@dataclass(frozen=True)
class Layout:
    """Which columns to read, and how to interpret them."""

    text: str | None
    label: str | None
    others: tuple[str, ...]
    image_size: int | None
    channels: int
    where: str

    @property
    def inputs(self) -> dict[str, str]:
        """The name of forward's parameter for each column to read, the label last."""
        names = {name: name for name in self.others}
        if "image" in names:
            names["image"] = "images"
        return names if self.label is None else {**names, self.label: "labels"}


def read_texts(rows: Any, layout: Layout, names: list[str] | None) -> TextDataset:
    """Reads texts and their classes, and checks each row; see `reject_row`."""
    texts: list[str] = []
    labels: list[int | str] = []
    # As a table: by themselves, `datasets` gives the values of a column row by row.
    table = rows.select_columns([*{layout.text, layout.label}]).with_format("arrow")[:]
    values = zip(
        table.column(layout.text).to_pylist(),
        table.column(layout.label).to_pylist(),
        strict=True,
    )
    for number, (text, label) in enumerate(values, start=1):
        if reason := _text_mistake(text, label, layout):
            reject_row(layout.where, number, reason)
        else:
            texts.append(text)
            labels.append(int(label) if isinstance(label, bool) else label)
    return TextDataset(texts, labels, label_names=names)


def _text_mistake(text: Any, label: Any, layout: Layout) -> str | None:
    """Returns what is wrong with a row's text or class; None if nothing is."""
    if not isinstance(text, str):
        return f"{layout.text!r} is {text!r:.40}, not text"
    if not isinstance(label, int | str):
        return f"{layout.label!r} is {label!r:.40}, neither an integer nor a class name"
    return None


def without_bad(rows: Any, layout: Layout) -> Any:
    """Drops rows with missing values or unreadable images."""
    bad: dict[int, str] = {}
    for name in layout.inputs:
        if _is_picture(rows, name):
            for row in range(len(rows)):
                try:
                    to_image_tensor(rows[row][name], layout.image_size, layout.channels)
                except Exception as error:
                    bad.setdefault(
                        row, f"{name!r} is not an image: {in_one_line(error)}"
                    )
            continue
        column = rows.select_columns([name]).with_format("arrow")[:].column(name)
        for row, reason in gaps_in(column, name).items():
            bad.setdefault(row, reason)
    for row, reason in sorted(bad.items()):
        reject_row(layout.where, row + 1, reason)
    return rows.select([r for r in range(len(rows)) if r not in bad]) if bad else rows


def read_numbers(rows: Any, layout: Layout, names: list[str] | None) -> ColumnDataset:
    """Reads the columns of numbers, lists of numbers, and images."""
    inputs = layout.inputs
    pictures = [name for name in inputs if _is_picture(rows, name)]
    table = rows.select_columns([name for name in inputs if name not in pictures])
    table = table.with_format("arrow")[:]
    columns: dict[str, torch.Tensor | RaggedColumn] = {}
    for name, own in inputs.items():
        if name in pictures:
            columns[own] = _to_pictures(rows, name, layout)
        else:
            pad_value = -100 if own == "labels" else 0
            columns[own] = to_column(
                table.column(name), name, layout.where, pad_value=pad_value
            )
    return ColumnDataset(columns, label_names=names)


def _is_picture(rows: Any, name: str) -> bool:
    import datasets

    return isinstance(rows.features[name], datasets.Image)


def _to_pictures(rows: Any, name: str, layout: Layout) -> torch.Tensor:
    pictures: list[torch.Tensor] = []
    for number in range(len(rows)):
        where = f"{layout.where}: row {number + 1}: {name!r}"
        try:
            image = rows[number][name]
            picture = to_image_tensor(image, layout.image_size, layout.channels)
        except Exception as error:
            raise DataError(f"{where} is not an image: {error}") from error
        if pictures and picture.shape != pictures[0].shape:
            raise DataError(
                f"{where} is {tuple(picture.shape)}, others are "
                f"{tuple(pictures[0].shape)}; set dataset_kwargs.image_size"
            )
        pictures.append(picture)
    return torch.stack(pictures)
