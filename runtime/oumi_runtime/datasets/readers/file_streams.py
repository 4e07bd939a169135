"""Streams of texts from files: plain texts, pairs, and tagged tokens."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from oumi_runtime.core.datasets import (
    BlockDataset,
    PlainTexts,
    TaggedTexts,
    TextColumns,
    TextPairs,
)
from oumi_runtime.core.datasets.rows.bad_rows import row_mistake
from oumi_runtime.datasets.readers.record_files import RecordFile
from oumi_runtime.exceptions import BadRowError


class FileStream(BlockDataset, ABC):
    """A stream of selected columns of a file."""

    reads_lists: ClassVar[bool] = False
    """Whether it reads a file that is one JSON list, all at once."""

    def __init__(
        self, path: Path, columns: Mapping[str, str], *, dataset_name: str
    ) -> None:
        """Opens the file and checks its columns; see `RecordFile`.

        Args:
            path: The file.
            columns: Column names by the constructor argument that sets them. The
                columns hold texts, or lists.
            dataset_name: The name of the dataset.

        Raises:
            DataError: The file or a column is missing, or the file cannot be read.
        """
        self.dataset_name, self.dataset_path = dataset_name, str(path)
        first = RecordFile(path, reads_lists=self.reads_lists).first_row
        texts = [n for n in columns.values() if not isinstance(first.get(n), list)]
        self._file = RecordFile(
            path, text_columns=tuple(texts), reads_lists=self.reads_lists
        )
        self._file.require(columns)
        self._names = list(columns.values())

    @property
    def num_samples(self) -> int | None:
        """Number of rows, if the file states it."""
        return self._file.num_rows

    def count_samples(self) -> int:
        """Counts the rows, reading all of them if necessary."""
        if self.num_samples is not None:
            return self.num_samples
        return sum(batch.num_rows for batch in self._file.read(self._names[:1]))

    def read_blocks(self, start: int = 0) -> Iterator[TextColumns]:
        """Iterates over the rows; see `BlockDataset.read_blocks`."""
        row = start
        for batch in self._file.read(self._names, start):
            columns = [batch.column(name) for name in self._names]
            yield self._block([column.to_pylist() for column in columns], row)
            row += batch.num_rows

    @abstractmethod
    def _block(self, columns: list[list[Any]], row: int) -> TextColumns:
        """Converts consecutive rows to texts; the first is number `row`, from 0."""

    def _where(self, row: int, name: str) -> str:
        return f"{self.dataset_path}: row {row + 1}: {name!r}"

    def _require_texts(self, values: list[Any], name: str, row: int) -> None:
        if {*map(type, values)} <= {str}:
            return
        for number, value in enumerate(values, row):
            if value is None:
                raise BadRowError(
                    f"{self.dataset_path}: row {number + 1} has no {name!r}"
                )
            if not isinstance(value, str):
                where = self._where(number, name)
                raise BadRowError(f"{where} is {value!r:.40}, not text")


class PlainTextStream(FileStream):
    """Plain texts, one per row."""

    def _block(self, columns: list[list[Any]], row: int) -> PlainTexts:
        self._require_texts(columns[0], self._names[0], row)
        return PlainTexts(columns[0])


class TextPairStream(FileStream):
    """Pairs of matching texts, one per row."""

    def _block(self, columns: list[list[Any]], row: int) -> TextPairs:
        for name, values in zip(self._names, columns, strict=True):
            self._require_texts(values, name, row)
        return TextPairs(*columns)


class TaggedTextStream(FileStream):
    """Rows with a list of tokens and an equally long list of labels."""

    def _block(self, columns: list[list[Any]], row: int) -> TaggedTexts:
        tokens, labels = columns
        kind = self._label_kind()
        for number, sample in enumerate(zip(tokens, labels, strict=True), row + 1):
            if mistake := tags_mistake(*sample, kind, self._names):
                raise BadRowError(row_mistake(self.dataset_path, number, mistake))
        return TaggedTexts(tokens, labels)

    def _label_kind(self) -> type:
        import pyarrow as pa

        kind = self._file.schema.field(self._names[1]).type
        names = (pa.string(), pa.large_string())
        return str if getattr(kind, "value_type", None) in names else int

    def distinct_labels(self) -> list[int | str]:
        """Returns the distinct labels of the tokens of all rows."""
        found: dict[Any, None] = {}
        for batch in self._file.read(self._names[1:]):
            labels = batch.column(self._names[1]).flatten().unique().to_pylist()
            found.update(dict.fromkeys(labels))
        return [label for label in found if label is not None]


def tags_mistake(tokens: Any, labels: Any, kind: type, names: list[str]) -> str | None:
    """Returns what is wrong with a row of tokens and labels; None if nothing is.

    Args:
        tokens: The value that should be a list of tokens.
        labels: The value that should be a list of labels.
        kind: The type of the labels: str or int.
        names: The names of the two columns.
    """
    words = "names" if kind is str else "whole numbers"
    for value, name, wanted, described in (
        (tokens, names[0], str, "texts"),
        (labels, names[1], kind, words),
    ):
        if not isinstance(value, list) or not {*map(type, value)} <= {wanted}:
            return f"{name!r} is {value!r:.60}, not a list of {described}"
    if len(tokens) != len(labels):
        return f"has {len(tokens)} {names[0]} but {len(labels)} {names[1]}"
    return None
