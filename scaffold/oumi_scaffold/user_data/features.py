"""What a column of the user's table gives as a feature of a tabular model.

The rules are those of the runtime, which encodes the columns: the number of features in
the config is that of the encoded table.
"""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, cast

from oumi_scaffold.user_data.columns import Column, Measure, column_kind, plain
from oumi_scaffold.user_data.rows import missing_words

MAX_CATEGORIES = 100
# Where so many values of a csv column are numbers, the others are mistakes.
_MISTAKEN_SHARE = 0.95
_MISTAKEN_SHARE_OF_MANY = 0.5
# Models compute with 32 bits.
_LARGEST = 3.4028234663852886e38
_NUMBERS = ("int", "uint", "float", "double", "halffloat", "bool", "null")
_TEXTS = ("string", "large_string")
_DATES = ("date", "time", "duration")


class Feature(Measure):
    """Whether a column is numbers or categories, and how many values are missing."""

    def __init__(self, column: str, *, is_csv: bool) -> None:
        """Takes the column's name, and whether it is that of a csv file."""
        self._is_csv = is_csv
        self._missing = missing_words() if is_csv else frozenset(("",))
        super().__init__(column)

    def start(self) -> None:
        """Forgets all rows."""
        super().start()
        self._num_missing = 0
        self._num_numbers = 0
        self._num_texts = 0
        self._num_words = 0
        self._texts: set[Hashable] = set()
        self._numbers: set[Hashable] = set()
        self._is_boolean = True
        self._first_word: str | None = None
        self._unusable: str | None = None

    @property
    def reason(self) -> str | None:
        """Why the column is left out; None if it is a feature or more."""
        num_values = self._num_numbers + self._num_texts
        if self._unusable or not num_values:
            return self._unusable or "it has no values"
        if not self._texts or self._are_numbers:
            return self._first_word and f"{self._first_word}, where most are numbers"
        if self._has_too_many:
            return f"it has more than {MAX_CATEGORIES} different texts"
        if num_values < 2 * len(self._different) > 4:
            return f"it has {len(self._different)} different texts in {num_values} rows"
        return None

    @property
    def num_features(self) -> int:
        """The number of features that it gives."""
        if self._is_text:
            return len(self._different)
        return 2 if self._num_missing else 1

    @property
    def treatment(self) -> str | None:
        """What becomes of the column; None if its values are features as they are."""
        lacks = f"{self._num_missing:,} missing value" + "s" * (self._num_missing != 1)
        if self._is_text:
            gaps = f"; 0 for {lacks}" if self._num_missing else ""
            if self.num_features == 1:
                return f"text of one category, one feature{gaps}"
            return f"text, a feature for each of {self.num_features} categories{gaps}"
        if self._num_missing:
            return f"{lacks}, filled with the mean; another feature says where"
        return "true or false, which become 1 and 0" if self._is_boolean else None

    @property
    def _is_text(self) -> bool:
        return bool(self._texts) and not self._are_numbers

    @property
    def _different(self) -> set[str]:
        """The categories, of which numbers in JSON may be some."""
        return {*map(str, self._texts | self._numbers)}

    @property
    def _has_too_many(self) -> bool:
        return len(self._different) > MAX_CATEGORIES

    @property
    def _are_numbers(self) -> bool:
        """Whether texts are numbers, but for some mistakes."""
        num_values = self._num_numbers + self._num_texts
        share = _MISTAKEN_SHARE_OF_MANY if self._has_too_many else _MISTAKEN_SHARE
        return self._num_words <= (1 - share) * num_values

    def _look(self, *batch: Column) -> None:
        if self._unusable or (self._first_word and len(self._texts) > MAX_CATEGORIES):
            return
        kind = column_kind(batch[0])
        if kind.startswith(_NUMBERS):
            self._look_at_numbers(cast(Any, batch[0]), kind)
        elif kind in _TEXTS:
            self._look_at_texts(batch[0], _counts(batch[0]))
        elif kind.startswith(_DATES):
            self._unusable = "it holds dates or times"
        else:
            self._look_at_values(plain(batch[0]))

    def _look_at_numbers(self, values: Any, kind: str) -> None:
        num_missing = values.is_null(nan_is_null=True).true_count
        self._num_missing += num_missing
        self._num_numbers += len(values) - num_missing
        self._is_boolean &= kind in ("bool", "null")
        if kind in ("float", "double") and _most(values) > _LARGEST:
            self._look_at_values(plain(values))

    def _look_at_values(self, values: list[object]) -> None:
        """Looks at values of JSON, each of which may be of another type."""
        for place, value in enumerate(values):
            is_large = isinstance(value, int | float) and abs(value) > _LARGEST
            if is_large or not isinstance(value, str | int | float | None):
                row = self.num_rows + place + 1
                self._unusable = f"row {row} is {value!r:.40}"
                return
        kinds = {*map(type, values)} - {type(None)}
        if str in kinds or self._texts:
            self._look_at_texts(values, Counter(values))
            return
        # Unequal to itself is NaN alone.
        numbers = [value for value in values if value is not None and value == value]
        self._num_missing += len(values) - len(numbers)
        self._num_numbers += len(numbers)
        self._is_boolean &= kinds <= {bool}
        if len(self._numbers) <= MAX_CATEGORIES:
            self._numbers.update(numbers)

    def _look_at_texts(self, column: Column, counts: Mapping[Hashable, int]) -> None:
        self._is_boolean = False
        for value, count in counts.items():
            if value is None or value != value or value in self._missing:
                self._num_missing += count
                continue
            self._num_texts += count
            if len(self._texts) <= MAX_CATEGORIES:
                self._texts.add(value)
            if self._is_word(value):
                self._num_words += count
                if self._first_word is None:
                    row = self.num_rows + plain(column).index(value) + 1
                    self._first_word = f"row {row} is {value!r:.40}"

    def _is_word(self, value: Hashable) -> bool:
        if not isinstance(value, str) or not self._is_csv:
            return isinstance(value, str)
        try:
            float(value)
        except ValueError:
            return True
        return False


def _most(values: Any) -> float:
    """The largest amount in an array of numbers."""
    from pyarrow import compute  # pyright: ignore[reportMissingTypeStubs]

    bounds: Mapping[str, float | None] = cast(Any, compute).min_max(values).as_py()
    return max(abs(bounds["min"] or 0.0), abs(bounds["max"] or 0.0))


def _counts(column: Column) -> Mapping[Hashable, int]:
    """The different texts of an array, and how many rows have each."""
    counts: Sequence[Mapping[str, Any]] = cast(Any, column).value_counts().to_pylist()
    return {each["values"]: each["counts"] for each in counts}
