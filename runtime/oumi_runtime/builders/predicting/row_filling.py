"""Makes samples of rows that lack what only their labels are made of."""

from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from typing import Any

from oumi_runtime.core.datasets.rows.seeding import random_numbers_from
from oumi_runtime.exceptions import BadRowError


class RowFiller:
    """Makes samples of rows, without the fields that missing columns would make.

    A transform may need the label of a row, though the model does not. Missing columns
    are therefore filled in from rows of the training data, in two ways: what differs
    between the two samples was made of them, and is left out.
    """

    def __init__(
        self,
        transform: Callable[[Any], Any],
        examples: Callable[[], Sequence[Any]],
        needed: Collection[str],
    ) -> None:
        """Initializes it.

        Args:
            transform: Makes a sample of a row.
            examples: Returns rows of the training data.
            needed: The fields that a sample cannot be without.
        """
        self._transform = transform
        self._examples = examples
        self._needed = needed
        self._rows: Sequence[Any] | None = None
        self._columns: dict[str, tuple[Any, Any]] = {}

    def __call__(self, row: Any) -> Any:
        """Makes a sample.

        Raises:
            KeyError, AttributeError: A column is missing, and no other data has it.
            BadRowError: A column is missing that a field is made of which is needed.
        """
        if not self._columns:
            try:
                return self._transform(row)
            except (KeyError, AttributeError) as error:
                self._add(row, error)
        while True:
            try:
                one, other = self._filled(row, ()), self._filled(row, self._columns)
                return self._in_common(row, one, other)
            except (KeyError, AttributeError) as error:
                self._add(row, error)

    def _filled(self, row: Any, changed: Collection[str]) -> Any:
        """Makes a sample with the first value of each column, or the second."""
        whole = copy(row)  # A dict, or a row of pandas.
        for name, values in self._columns.items():
            if name not in row:
                whole[name] = values[name in changed]
        with random_numbers_from(0):  # So that augmentation is the same for both.
            return self._transform(whole)

    def _in_common(self, row: Any, one: Any, other: Any) -> Any:
        if not isinstance(one, Mapping) or not isinstance(other, Mapping):
            return one
        found = {k: v for k, v in one.items() if k in other and _equal(v, other[k])}
        for name in (one.keys() & self._needed) - found.keys():
            differing = (
                column
                for column in self._columns
                if not _equal(self._filled(row, [column])[name], one[name])
            )
            missing = next(differing, next(iter(self._columns)))
            use = "" if missing == name else f", which {name!r} is made of"
            raise BadRowError(f"has no {missing!r}{use}")
        return found

    def _add(self, row: Any, error: KeyError | AttributeError) -> None:
        """Finds two values, if possible different ones, for a missing column."""
        if isinstance(error, AttributeError):  # `row.label`, as of pandas.
            name = error.name if hasattr(error.obj, "keys") else None
        else:
            name = error.args[0] if error.args else None
        if self._rows is None:
            self._rows = self._examples()
        if (
            not hasattr(row, "keys")
            or not isinstance(name, str)
            or name in {*row, *self._columns}
        ):
            raise error
        found = [each[name] for each in self._rows if name in each]
        if not found:
            raise error
        others = (value for value in found if not _equal(value, found[0]))
        self._columns[name] = found[0], next(others, found[0])


def _equal(one: Any, other: Any) -> bool:
    try:
        same = one == other
        return bool(same.all() if hasattr(same, "all") else same)
    except (TypeError, ValueError, RuntimeError):  # Arrays of other shapes.
        return False
