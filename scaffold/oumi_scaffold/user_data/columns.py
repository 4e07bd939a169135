"""What is found out about the columns of a user's table, a batch of rows at a time.

A column comes as a list of plain values, or as pyarrow's array of them. Only what a
measure keeps stays in memory.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Any, cast

from oumi_scaffold.user_data.findings import Largest, largest_of

Column = Sequence[object]


_A_CLASS = "a class: write whole numbers from 0, or names"
# By default, training leaves out as many rows.
_MOST_LACKING = 100


class Measure(ABC):
    """Looks at columns, from the first row to the last.

    Attributes:
        columns: Their names.
        num_rows: How many rows it has seen.
    """

    def __init__(self, *columns: str) -> None:
        self.columns = columns
        self.start()

    def start(self) -> None:
        """Forgets all rows."""
        self.num_rows = 0
        self._failure: str | None = None

    def add(self, *batch: Column) -> None:
        """Looks at the next rows, given each of the columns."""
        if self._failure is None:
            self._look(*batch)
        self.num_rows += len(batch[0])

    @property
    def failure(self) -> str | None:
        """Why the columns cannot be used, and the first row because of which."""
        return self._failure

    @abstractmethod
    def _look(self, *batch: Column) -> None: ...

    def _fail(self, place: int, name: str, value: object, wanted: str) -> None:
        row = self.num_rows + place + 1
        self._failure = f"row {row}: {name} is {value!r:.40}, which is not {wanted}"


class Texts(Measure):
    """Whether all values are texts."""

    def _look(self, *batch: Column) -> None:
        if column_kind(batch[0]) in ("string", "large_string") and not _has_gaps(
            batch[0]
        ):
            return
        values = plain(batch[0])
        place = _first(values, lambda value: not isinstance(value, str))
        if place is not None:
            self._fail(place, self.columns[0], values[place], "text")


class Labels(Measure):
    """The labels of the rows, which a few rows may not have."""

    def start(self) -> None:
        """Forgets all rows."""
        super().start()
        self.num_missing = self._first_missing = 0

    @property
    def lacking(self) -> str:
        """How many rows have no label, and which is the first; empty if all have."""
        if not self.num_missing:
            return ""
        have = "has" if self.num_missing == 1 else "have"
        return (
            f"{self.num_missing:,} of its {self.num_rows:,} rows {have} no "
            f"{self.columns[0]}, the first is row {self._first_missing}"
        )

    @property
    def failure(self) -> str | None:
        """Why the column cannot be used, if it cannot."""
        are_few = self.num_missing <= min(_MOST_LACKING, self.num_rows / 10)
        if self._failure or are_few:
            return self._failure
        return f"{self.lacking}: fill in such labels, or remove such rows"

    def _miss(self, place: int) -> None:
        self.num_missing += 1
        self._first_missing = self._first_missing or self.num_rows + place + 1


class Numbers(Labels):
    """What is wrong with the first value that is not a number, if any is."""

    def start(self) -> None:
        """Forgets all rows."""
        super().start()
        self.reason: str | None = None

    def _look(self, *batch: Column) -> None:
        if self.reason is not None or _are_numbers(batch[0]):
            return
        for place, value in enumerate(plain(batch[0])):
            if value is None or value == "" or value != value:  # which NaN is not
                self._miss(place)
            elif not isinstance(value, int | float):
                self.reason = f"row {self.num_rows + place + 1} is {value!r:.40}"
                return


class Classes(Labels):
    """How many classes there are: different names, or whole numbers from 0."""

    def start(self) -> None:
        """Forgets all rows."""
        super().start()
        self._values = Counter[str | int]()

    @property
    def number(self) -> int:
        """The number of classes, of data with one or more."""
        return len(self._values) if self._has_names else max(map(int, self._values)) + 1

    @property
    def largest(self) -> Largest | None:
        """The class of most rows, where there are others."""
        return largest_of(self._values)

    @property
    def failure(self) -> str | None:
        """Why the column is not one of classes, if it is not."""
        failure = super().failure
        if failure or self._has_names:
            return failure
        least = min(map(int, self._values), default=0)
        name = self.columns[-1]
        if least >= 0:
            return None
        return f"{name} holds {least}; classes are numbered from 0, or have names"

    @property
    def _has_names(self) -> bool:
        return any(isinstance(value, str) for value in self._values)

    def _look(self, *batch: Column) -> None:
        if self._take(_counted(batch[0])):
            return
        for place, value in enumerate(plain(batch[0])):
            if value in (None, ""):
                self._miss(place)
            elif not self._take([value]):
                self._fail(place, self.columns[0], value, _A_CLASS)
                return

    def _take(self, values: Collection[object]) -> bool:
        """Adds the values, or a count by value, if all of them are classes."""
        if not {*map(type, values)} <= {str, int, bool} or "" in values:
            return False
        self._values.update(cast(Collection[str | int], values))
        return True


class Tags(Classes):
    """Lists of tokens, each with a class, in a second column of lists."""

    def _look(self, *batch: Column) -> None:
        if all(
            column_kind(each).startswith(("list<", "large_list<")) for each in batch
        ):
            tokens, tags = cast(Any, batch)
            if (
                not tokens.null_count + tags.null_count
                and tokens.value_lengths().equals(tags.value_lengths())
                and self._take(_counted(tags.flatten()))
            ):
                return
        rows = zip(*map(plain, batch), strict=True)
        for place, row in enumerate(rows):
            for name, value in zip(self.columns, row, strict=True):
                if not isinstance(value, list):
                    self._fail(place, name, value, "a list")
                    return
            words, tags = cast(tuple[list[object], list[object]], row)
            if len(words) != len(tags):
                there = f"{len(words)} {self.columns[0]} but {len(tags)}"
                row_number = self.num_rows + place + 1
                self._failure = f"row {row_number} has {there} {self.columns[1]}"
                return
            if not self._take(tags):
                bad = next(tag for tag in tags if not self._take([tag]))
                self._fail(place, self.columns[1], bad, _A_CLASS)
                return


class Words(Measure):
    """The few different values of a column, as text and in the order of the rows.

    Attributes:
        values: They are no longer complete when there are more than `most`.
    """

    most = 10

    def start(self) -> None:
        """Forgets all rows."""
        super().start()
        self.values: dict[str, None] = {}

    def _look(self, *batch: Column) -> None:
        if len(self.values) <= self.most:
            self.values |= dict.fromkeys(map(str, _different(batch[0])))


def column_kind(column: Column) -> str:
    """Returns the name of an array's type; empty for a list of plain values."""
    return "" if isinstance(column, list) else str(cast(Any, column).type)


def _has_gaps(column: Column) -> bool:
    return bool(cast(Any, column).null_count)


def plain(column: Column) -> list[object]:
    """Returns the values of a column as plain ones."""
    if isinstance(column, list):
        return column
    values: list[object] = cast(Any, column).to_pylist()
    return values


def _different(column: Column) -> list[object]:
    """The values of a column, of an array of simple ones each but once."""
    if _is_simple(column):
        return plain(cast(Any, column).unique())
    return plain(column)


def _counted(column: Column) -> Collection[object]:
    """The values of a column; of an array of simple ones their counts, by value."""
    if _is_simple(column):
        counts = cast(Any, column).value_counts()
        values, numbers = (
            plain(counts.field(0)),
            cast(list[int], plain(counts.field(1))),
        )
        return dict(zip(values, numbers, strict=True))
    return plain(column)


def _is_simple(column: Column) -> bool:
    kinds = ("string", "large_string", "int", "uint", "bool")
    return column_kind(column).startswith(kinds)


def _are_numbers(column: Column) -> bool:
    """Whether an array holds numbers alone; of a list that is not decided."""
    kind = column_kind(column)
    if not kind.startswith(("int", "uint", "float", "double")) or _has_gaps(column):
        return False
    # Unequal to itself is NaN alone; least and most cannot tell, they skip it.
    array = cast(Any, column)
    return not kind.startswith(("float", "double")) or not array.is_nan().true_count


def _first(values: Sequence[object], is_bad: Callable[[object], bool]) -> int | None:
    return next((place for place, v in enumerate(values) if is_bad(v)), None)
