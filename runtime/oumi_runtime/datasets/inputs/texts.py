"""Texts to predict from: the same files as for training, but without labels."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from enum import Enum, auto
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from oumi_runtime.core.datasets import BlockDataset, PlainTexts, TextColumns
from oumi_runtime.core.datasets.in_memory.texts import encodable
from oumi_runtime.core.datasets.rows.bad_rows import row_mistake
from oumi_runtime.core.datasets.rows.numbers import numbers_like, shown
from oumi_runtime.datasets.readers.file_streams import FileStream
from oumi_runtime.exceptions import BadRowError

_ROWS_AT_ONCE = 1024


class TextKind(Enum):
    """What a model makes of a text."""

    TEXT = auto()
    """It reads it as a whole."""
    SOURCE = auto()
    """It reads it, and writes or finds the text that goes with it."""
    PROMPT = auto()
    """It continues it."""
    TOKENS = auto()
    """It labels each of its tokens."""

    @property
    def column(self) -> str:
        """The usual name of the column that it is read from."""
        return "tokens" if self is TextKind.TOKENS else "text"

    @property
    def column_argument(self) -> str:
        """The datasets' argument that names that column."""
        return "token_column" if self is TextKind.TOKENS else "text_column"

    def mistake_in(self, value: Any) -> str | None:
        """Returns what is wrong with a text, or with a list of tokens, or None."""
        if isinstance(value, str):
            return None if value.strip() else "is empty"
        if value is None:
            return "is missing"
        if self is not TextKind.TOKENS:
            return f"is {value!r:.40}, not text"
        if not isinstance(value, list) or not {*map(type, value)} <= {str}:
            return f"is {value!r:.60}, not a list of texts"
        return None if value else "is empty"

    def texts_of(self, values: list[Any]) -> TextColumns:
        """Returns the samples; a text instead of tokens is split at white space."""
        if self is TextKind.TOKENS:
            rows = (v.split() if isinstance(v, str) else v for v in values)
            return TextColumns({"tokens": [*map(encodable, rows)]})
        if self is TextKind.PROMPT:
            return PlainTexts(values)
        return TextColumns({"text": encodable(values)})


class TextInputFile(FileStream):
    """The texts in a column of a csv, jsonl, json, parquet or arrow file."""

    reads_lists = True

    def __init__(self, path: Path, kind: TextKind, column: str) -> None:
        """Opens the file and checks that it has the column.

        Args:
            path: The file.
            kind: The kind of its texts.
            column: The column; others are not read.

        Raises:
            DataError: The file or the column is missing, or the file cannot be read.
        """
        super().__init__(path, {kind.column_argument: column}, dataset_name=str(path))
        self._kind = kind

    def _block(self, columns: list[list[Any]], row: int) -> TextColumns:
        (values,) = columns
        for number, value in enumerate(values, row + 1):
            if mistake := self._kind.mistake_in(value):
                reason = f"{self._names[0]!r} {mistake}"
                raise BadRowError(row_mistake(self.dataset_path, number, reason))
        return self._kind.texts_of(values)


class GivenTexts(BlockDataset):
    """Texts that are handed over one at a time; they can be read only once."""

    def __init__(
        self,
        texts: Iterable[Any],
        kind: TextKind,
        where: str,
        column: str = "",
        arguments: Container[str] = (),
    ) -> None:
        """Initializes the dataset.

        Args:
            texts: Texts, lists of tokens, or mappings of column names to these.
            kind: The kind of the texts.
            where: What they are from, and what each is called: `stdin: line`.
            column: The column of a mapping with the text.
            arguments: What the model takes. The columns of the first mapping that are
                among these are read from all of them, as numbers.
        """
        self.dataset_name = where
        self._texts = texts
        self._kind = kind
        self._where = where
        self._column = column
        self._arguments = arguments
        self._numbers: dict[str, Callable[[Any], torch.Tensor]] | None = None

    @property
    def num_samples(self) -> int | None:
        """Number of texts, if they are a list."""
        return len(self._texts) if isinstance(self._texts, list | tuple) else None

    def read_blocks(self, start: int = 0) -> Iterator[TextColumns]:
        """Iterates over the texts; see `BlockDataset.read_blocks`."""
        numbered = islice(enumerate(self._texts, 1), start, None)
        while run := list(islice(numbered, _ROWS_AT_ONCE)):
            texts = self._kind.texts_of([self._text_of(*each) for each in run])
            rows = [self._numbers_of(*each) for each in run]
            names = self._numbers or ()
            yield texts.with_numbers({n: [row[n] for row in rows] for n in names})

    def _numbers_of(self, number: int, given: Any) -> dict[str, torch.Tensor]:
        """Returns what else the model takes of a mapping."""
        row = given if isinstance(given, Mapping) else {}
        if self._numbers is None:
            names = [n for n in row if n != self._column and n in self._arguments]
            self._numbers = {name: numbers_like(row[name]) for name in names}
        found: dict[str, torch.Tensor] = {}
        for name, read in self._numbers.items():
            where = f"{self._where} {number}"
            if name not in row:
                raise BadRowError(f"{where} has no {name!r}, which others have")
            try:
                found[name] = read(row[name])
            except (TypeError, ValueError) as error:
                raise BadRowError(
                    f"{where}: {name!r} is {shown(row[name])}, {error}"
                ) from None
        return found

    def _text_of(self, number: int, given: Any) -> Any:
        value, mistake = given, None
        if isinstance(given, Mapping):
            value = given.get(self._column)
            if self._column not in given:
                found = ", ".join(map(str, given)) or "nothing"
                mistake = f"has no {self._column!r}, only {found:.60}"
        if mistake := mistake or self._kind.mistake_in(value):
            raise BadRowError(f"{self._where} {number} {mistake}")
        return value


def lines_of(lines: Iterable[bytes], where: str) -> Iterator[str]:
    """Yields lines as texts, without their ends.

    Args:
        lines: The lines of a file or pipe.
        where: See `GivenTexts`.

    Raises:
        BadRowError: A line is not UTF-8.
    """
    for number, line in enumerate(lines, 1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise BadRowError(f"{where} {number} is not UTF-8: {error}") from error
        yield text.rstrip("\r\n")
