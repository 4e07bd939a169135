"""Converts Hugging Face datasets, from the hub or from files, to model inputs."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset

from oumi_runtime.core.datasets import BaseIterableDataset
from oumi_runtime.core.datasets.hugging_face import load_rows
from oumi_runtime.core.datasets.rows.bad_rows import is_leaving_out
from oumi_runtime.datasets.readers.column_names import missing_column
from oumi_runtime.datasets.readers.column_streams import ColumnStream, stream_columns
from oumi_runtime.datasets.readers.hub_records import HubRecords
from oumi_runtime.datasets.readers.hub_rows import (
    Layout,
    read_numbers,
    read_texts,
    without_bad,
)
from oumi_runtime.datasets.readers.images import check_image_options, to_image_tensor
from oumi_runtime.datasets.readers.record_files import STREAMED_SUFFIXES, RecordFile
from oumi_runtime.datasets.readers.text_streams import TextStream, stream_text_file
from oumi_runtime.exceptions import DataError

_LABELS = ("labels", "label")


def load_hugging_face(
    dataset_name: str,
    dataset_path: str | None = None,
    subset: str | None = None,
    split: str = "train",
    stream: bool = False,
    text_column: str | None = None,
    label_column: str | None = None,
    columns: list[str] | None = None,
    image_size: int | None = None,
    channels: int = 3,
    revision: str | None = None,
) -> Dataset[Any]:
    """Reads one split.

    Args:
        dataset_name: The name on the hub; ignored if `dataset_path` is given.
        dataset_path: A file or folder; see `load_rows`.
        subset: The subset of a dataset that has several.
        split: The split to read.
        stream: Whether to read rows only as they are needed.
        text_column: The column with the texts; if None, `text` if it exists.
        label_column: The column with the labels; `labels` or `label` if None.
        columns: The columns to read besides the labels, if there are no texts; all if
            None.
        image_size: Side length in pixels to resize images to; None for no resizing.
        channels: 1 for greyscale images, 3 for RGB.
        revision: Branch, tag or commit of a dataset on the hub.

    Returns:
        A `TextDataset` if there is a text column, otherwise a `ColumnDataset` of the
        numbers, lists of numbers and images; or a stream of such samples.

    Raises:
        DataError: The data cannot be read, or a column is missing or not supported.
        MissingExtraError: `datasets` is not installed.
    """
    where = dataset_path or dataset_name
    check_image_options(where, image_size, channels)

    def layout_of(row: Mapping[str, Any]) -> Layout:
        found = _columns_of(row, text_column, label_column, columns, where)
        return Layout(*found, image_size, channels, where)

    if stream and (file := _plain_file(dataset_path)) is not None:
        return _stream_file(file, layout_of(file.first_row))
    rows = load_rows(
        dataset_name,
        dataset_path,
        subset=subset,
        split=split,
        stream=stream,
        revision=revision,
    )
    first = next(iter(rows), None)
    if first is None:
        raise DataError(f"{where} has no rows")
    if stream:
        return _stream(rows, layout_of(first), first)
    return _read(rows, layout_of(first))


def _columns_of(
    row: Mapping[str, Any],
    text: str | None,
    label: str | None,
    columns: list[str] | None,
    where: str,
) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Returns the columns of the text and the label, if there are any, and others."""
    for name in (text, label, *(columns or ())):
        if name is not None and name not in row:
            raise missing_column(where, name, row)
    if text is None and isinstance(row.get("text"), str):
        text = "text"
    if label is None:
        label = next((name for name in _LABELS if name in row), None)
    if text is not None and label is None:
        raise DataError(
            f"{where} has no label column for its {text!r} column, only "
            f"{', '.join(row)}; set dataset_kwargs.label_column"
        )
    return text, label, tuple(name for name in columns or row if name != label)


def _plain_file(path: str | None) -> RecordFile | None:
    """Returns the file, unless it needs the `datasets` library to be decoded."""
    if path is None or Path(path).suffix.lower() not in STREAMED_SUFFIXES:
        return None
    if not Path(path).is_file():
        return None
    file = RecordFile(Path(path))
    values = file.first_row.values()
    return None if any(isinstance(v, dict | bytes) for v in values) else file


def _read(rows: Any, layout: Layout) -> Dataset[Any]:
    names = _label_names(rows, layout.label)
    if layout.text is not None:
        return read_texts(rows, layout, names)
    if is_leaving_out():
        rows = without_bad(rows, layout)
    return read_numbers(rows, layout, names)


def _stream_file(file: RecordFile, layout: Layout) -> Dataset[Any]:
    name = layout.where
    if layout.text is not None and layout.label is not None:
        return stream_text_file(file.path, layout.text, layout.label, dataset_name=name)
    return stream_columns(file, layout.inputs, dataset_name=name)


def _stream(rows: Any, layout: Layout, first: Mapping[str, Any]) -> Dataset[Any]:
    names = _label_names(rows, layout.label)
    if any(hasattr(first[name], "convert") for name in layout.others):
        return HuggingFaceStream(rows, layout, names)
    records = HubRecords(rows, layout.where)
    if layout.text is not None and layout.label is not None:
        return TextStream(
            records,
            layout.text,
            layout.label,
            first_label=first[layout.label],
            dataset_name=layout.where,
            dataset_path=None,
            label_names=names,
        )
    inputs = layout.inputs
    return ColumnStream(
        lambda start: records.read(list(inputs), start),
        inputs,
        dataset_name=layout.where,
        dataset_path=None,
        label_names=names,
    )


def _label_names(rows: Any, label: str | None) -> list[str] | None:
    feature = (rows.features or {}).get(label)
    names: Sequence[str] | None = getattr(feature, "names", None)
    return None if names is None else list(names)


class HuggingFaceStream(BaseIterableDataset):
    """A stream of rows with images."""

    def __init__(self, rows: Any, layout: Layout, names: list[str] | None) -> None:
        """Initializes the stream from a `datasets.IterableDataset`."""
        super().__init__(dataset_name=layout.where)
        self._data = rows
        self._layout = layout
        self.label_names = names

    def iter_raw(self) -> Iterator[Any]:
        """Iterates over the rows."""
        yield from self._data or ()

    def transform(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        """Converts a row to tensors.

        Raises:
            DataError: A value is missing, or of another type.
        """
        return {
            own: _to_value(sample[name], name, self._layout)
            for name, own in self._layout.inputs.items()
        }


def _to_value(value: Any, name: str, layout: Layout) -> torch.Tensor:
    if hasattr(value, "convert"):
        return to_image_tensor(value, layout.image_size, layout.channels)
    try:
        tensor = torch.as_tensor(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(f"{name!r} is {value!r:.40}, which is not numeric") from error
    return tensor.float() if tensor.is_floating_point() else tensor.long()
