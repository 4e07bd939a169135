"""Streams of labelled texts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from oumi_runtime.core.datasets import BlockDataset, TextDataset
from oumi_runtime.datasets.readers.record_files import RecordFile
from oumi_runtime.exceptions import BadRowError


class Records(Protocol):
    """A source of rows that is read sequentially, many rows at a time."""

    @property
    def num_rows(self) -> int | None:
        """Number of rows, if known."""
        ...

    def read(self, columns: list[str], start: int = 0) -> Iterator[Any]:
        """Iterates over the values of some columns, starting at row `start`."""
        ...


class TextStream(BlockDataset):
    """A text and its class per row; classes are numbers from 0, or names."""

    def __init__(
        self,
        records: Records,
        text_column: str,
        label_column: str,
        *,
        first_label: Any,
        dataset_name: str,
        dataset_path: str | None,
        label_names: list[str] | None = None,
    ) -> None:
        """Initializes the stream.

        Args:
            records: A `RecordFile` or `HubRecords`, which reads the rows.
            text_column: The column with the texts.
            label_column: The column with the classes.
            first_label: The first label, which determines whether classes are names.
            dataset_name: The name of the dataset.
            dataset_path: The path of the file, if there is one.
            label_names: The class names, if known.
        """
        self.dataset_name, self.dataset_path = dataset_name, dataset_path
        self.label_names = label_names
        self._records = records
        self._text, self._label = text_column, label_column
        self._kind = str if isinstance(first_label, str) else int

    @property
    def num_samples(self) -> int | None:
        """Number of rows, if the file states it."""
        return self._records.num_rows

    def read_blocks(self, start: int = 0) -> Iterator[TextDataset]:
        """Iterates over the rows; see `BlockDataset.read_blocks`."""
        row = start
        for batch in self._records.read([self._text, self._label], start):
            texts = batch.column(self._text).to_pylist()
            labels = batch.column(self._label).to_pylist()
            if not self._are_good(texts, labels):
                self._name_bad_row(texts, labels, row)
            if self._kind is int:
                labels = list(map(int, labels))
            yield TextDataset(texts, labels, label_names=self.label_names)
            row += len(texts)

    def _are_good(self, texts: list[Any], labels: list[Any]) -> bool:
        kinds = {str} if self._kind is str else {int, bool}
        return (
            {*map(type, texts)} == {str}
            and {*map(type, labels)} <= kinds
            and (self._kind is int or "" not in labels)
        )

    def _name_bad_row(self, texts: list[Any], labels: list[Any], row: int) -> None:
        for number, (text, label) in enumerate(
            zip(texts, labels, strict=True), row + 1
        ):
            where = f"{self.dataset_path or self.dataset_name}: row {number}"
            if text is None:
                raise BadRowError(f"{where} has no {self._text!r}")
            if not isinstance(text, str):
                raise BadRowError(f"{where}: {self._text!r} is {text!r:.40}, not text")
            if label is None or label == "":
                raise BadRowError(f"{where} has no {self._label!r}")
            if not isinstance(label, self._kind):
                raise BadRowError(
                    f"{where}: {self._label!r} is {label!r:.40}; classes must be all "
                    "integers, or all names"
                )

    def count_samples(self) -> int:
        """Counts the rows, reading all of them if necessary."""
        if self.num_samples is not None:
            return self.num_samples
        return sum(batch.num_rows for batch in self._records.read([self._label]))

    def distinct_labels(self) -> list[int | str]:
        """Returns the distinct labels of all rows."""
        found: dict[Any, None] = {}
        for batch in self._records.read([self._label]):
            found.update(dict.fromkeys(batch.column(self._label).unique().to_pylist()))
        return [label for label in found if label is not None]


def stream_text_file(
    path: Path, text_column: str, label_column: str, *, dataset_name: str
) -> TextStream:
    """Streams labelled texts of a file; see `RecordFile` and `TextStream`."""
    file = RecordFile(path, text_columns=(text_column,))
    file.require({"text_column": text_column, "label_column": label_column})
    return TextStream(
        file,
        text_column,
        label_column,
        first_label=file.first_row[label_column],
        dataset_name=dataset_name,
        dataset_path=str(path),
    )
