"""Datasets that are read from front to back: mixed, shuffled in a buffer and cut.

What a pass over them gives depends on (seed, pass) alone. Rows are read in one process;
each can then be made a sample in any, because a `StreamRow` holds all that it needs.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, count, islice
from typing import Any, NamedTuple, cast

from torch.utils.data import Dataset, IterableDataset

from oumi_runtime.core.datasets.base_iterable_dataset import BaseIterableDataset
from oumi_runtime.core.datasets.mixing import draw_sources, mix_rows
from oumi_runtime.core.datasets.rows import describe_row, in_one_line
from oumi_runtime.core.datasets.text_dataset import TextDataset
from oumi_runtime.exceptions import BadRowError, DataError, OumiRuntimeError

# Keeps the passes of neighbouring seeds apart.
_SEED_STEP = 1_000_003


class StreamRow(NamedTuple):
    """A row that was read and is not transformed yet."""

    source: int
    """Which of the stream's datasets it is from."""
    number: int
    """Its row there, from 0."""
    row: Any


@dataclass(frozen=True)
class StreamSource:
    """One dataset of a stream, and which of its rows are used."""

    dataset: Dataset[Any]
    """Iterable; or map-style, and then read in the order of its rows."""
    sample_count: int | None = None
    """How many rows are used; more than there are repeat them. None for all."""
    shuffle_buffer_size: int | None = None
    """Rows that the next is drawn from; None for the dataset's own order."""
    seed: int = 0

    @property
    def num_samples(self) -> int | None:
        """How many samples a pass has; None where only reading tells."""
        if self.sample_count is not None:
            return self.sample_count
        has_length = hasattr(self.dataset, "__len__")
        return len(cast(Any, self.dataset)) if has_length else None

    def rows(self, number: int, stream_pass: int) -> Iterator[StreamRow]:
        """Goes through the rows of a pass.

        Args:
            number: Which of the stream's datasets this is.
            stream_pass: Which pass, from 0; each is shuffled in its own way.

        Raises:
            DataError: There is no row.
        """

        def once() -> Iterator[StreamRow]:
            rows = enumerate(self._read(stream_pass))
            numbered = (StreamRow(number, index, row) for index, row in rows)
            if self.shuffle_buffer_size is None:
                return numbered
            seed = self.seed * _SEED_STEP + stream_pass
            return _shuffle(numbered, self.shuffle_buffer_size, seed)

        if self.sample_count is None:
            return self._checked(once())
        repeated = chain.from_iterable(self._checked(once()) for _ in count())
        return islice(repeated, self.sample_count)

    def _checked(self, rows: Iterator[StreamRow]) -> Iterator[StreamRow]:
        first = next(rows, None)
        if first is None:
            name = getattr(self.dataset, "dataset_name", None)
            raise DataError(
                f"dataset {name or type(self.dataset).__name__!r} has no row; its rows "
                "must come anew whenever they are gone through"
            )
        yield first
        yield from rows

    def _read(self, stream_pass: int) -> Iterable[Any]:
        set_epoch = getattr(self.dataset, "set_epoch", None)
        if set_epoch is not None:
            set_epoch(stream_pass)
        if isinstance(self.dataset, BaseIterableDataset):
            return self.dataset.iter_raw()
        if isinstance(self.dataset, IterableDataset):
            return self.dataset
        return range(len(cast(Any, self.dataset)))

    def transform(self, row: Any) -> Any:
        """Makes a row a sample."""
        if isinstance(self.dataset, BaseIterableDataset):
            return self.dataset.transform(row)
        if isinstance(self.dataset, IterableDataset):
            return row
        return self.dataset[row]


class Stream(IterableDataset[Any]):
    """One or several datasets, read one after the other or mixed by proportions."""

    def __init__(
        self,
        sources: Sequence[StreamSource],
        *,
        proportions: Sequence[float] | None = None,
        until_all: bool = False,
        seed: int = 0,
        then: Callable[[Any], Any] | None = None,
    ) -> None:
        """Takes the datasets and how they are mixed.

        Args:
            sources: At least one.
            proportions: How likely each is to give the next sample, all above 0. None
                to read one after the other.
            until_all: Whether a mixture goes on until every dataset has ended, with
                those that end before begun again; else it ends with the first.
            seed: Decides the mixture.
            then: What is done to each sample.
        """
        self.sources = list(sources)
        self.label_names: list[str] | None = getattr(
            sources[0].dataset, "label_names", None
        )
        self._proportions = proportions
        self._until_all = until_all
        self._seed = seed
        self._then = then

    @property
    def num_samples(self) -> int | None:
        """How many samples a pass has; None where only reading tells."""
        lengths = [source.num_samples for source in self.sources]
        known = [length for length in lengths if length is not None]
        if len(known) < len(lengths):
            return None
        if self._proportions is None:
            return sum(known)
        rows, _ = mix_rows(
            known, self._proportions, until_all=self._until_all, seed=self._seed
        )
        return len(rows)

    @property
    def holds_text(self) -> bool:
        """Whether samples are a `text` and its `label`, still to be tokenized."""
        return self._then is None and all(
            isinstance(source.dataset, TextDataset)
            or getattr(source.dataset, "holds_text", False)
            for source in self.sources
        )

    def map(self, function: Callable[[Any], Any]) -> "Stream":
        """The same stream with a function done to each sample, by whoever makes it."""
        if self._then is not None:
            raise ValueError("a stream is mapped once")
        return Stream(
            self.sources,
            proportions=self._proportions,
            until_all=self._until_all,
            seed=self._seed,
            then=function,
        )

    def rows(self, stream_pass: int = 0) -> Iterator[StreamRow]:
        """Goes through the rows of a pass, from 0.

        Raises:
            BadRowError: A row cannot be read.
            DataError: A dataset has no row.
        """
        readers = [
            partial(source.rows, number, stream_pass)
            for number, source in enumerate(self.sources)
        ]
        rows = (
            chain.from_iterable(read() for read in readers)
            if self._proportions is None
            else self._mix(readers, self._proportions)
        )
        last: StreamRow | None = None
        try:
            for last in rows:
                yield last
        except OumiRuntimeError:
            raise
        except Exception as error:
            where = "the first row" if last is None else describe_row(self, last)
            place = "" if last is None else "after "
            raise BadRowError(f"{place}{where}: {in_one_line(error)}") from error

    def _mix(
        self,
        readers: Sequence[Callable[[], Iterator[StreamRow]]],
        proportions: Sequence[float],
    ) -> Iterator[StreamRow]:
        """The rows that `mix_rows` would choose if it knew the lengths."""
        reading = [read() for read in readers]
        ahead = [next(rows) for rows in reading]
        has_ended = [False] * len(readers)
        for draws in draw_sources(proportions, self._seed):
            for source in draws.tolist():
                yield ahead[source]
                following = next(reading[source], None)
                if following is None:
                    has_ended[source] = True
                    if all(has_ended) or not self._until_all:
                        return
                    reading[source] = readers[source]()
                    following = next(reading[source])
                ahead[source] = following

    def __iter__(self) -> Iterator[Any]:
        for row in self.rows():
            yield self[row]

    def __getitem__(self, row: StreamRow) -> Any:
        """Makes a row a sample."""
        sample = self.sources[row.source].transform(row.row)
        return sample if self._then is None else self._then(sample)

    def locate(self, row: StreamRow) -> tuple[Dataset[Any], int]:
        """The dataset that a row comes from, and its number there, from 0."""
        return self.sources[row.source].dataset, row.number


class ReadRows(Dataset[Any]):
    """The rows of a stream, all read at once, so that samples can be had by number."""

    def __init__(self, stream: Stream) -> None:
        """Reads one pass to its end.

        Raises:
            BadRowError: A row cannot be read.
            DataError: There is no row.
        """
        self.label_names = stream.label_names
        self._stream = stream
        self._rows = list(stream.rows())

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Any:
        return self._stream[self._rows[index]]

    def locate(self, index: int) -> tuple[Dataset[Any], int]:
        """The dataset that a sample comes from, and its row there, from 0."""
        return self._stream.locate(self._rows[index])


def _shuffle(
    rows: Iterator[StreamRow], buffer_size: int, seed: int
) -> Iterator[StreamRow]:
    """Draws each next row from a buffer, which the row after it then fills up."""
    draw = random.Random(seed)
    buffer = list(islice(rows, buffer_size))
    for row in rows:
        drawn = draw.randrange(len(buffer))
        yield buffer[drawn]
        buffer[drawn] = row
    draw.shuffle(buffer)
    yield from buffer
