"""Makes batches of rows that are read one by one, of all or of those that can be used.

A batch is the smaller for a sample that is left out; nothing takes its place, so that
every other sample stays where it was.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from torch.utils.data import Dataset

from oumi_runtime.core.datasets.collation import Collator, RowCollator
from oumi_runtime.core.datasets.columns import Batch
from oumi_runtime.core.datasets.rows import LeftOut, RowReader
from oumi_runtime.exceptions import BadRowError

Row = tuple[Any, Any]
"""What finds a sample, and the sample."""

_MOST_STAND_INS = 1000


class MadeBatch(NamedTuple):
    """A batch, and what is not in it."""

    columns: Batch
    is_real: bool = True
    """Whether it is more than a sample that stands in where none can be used."""
    left_out: tuple[LeftOut, ...] = ()


class BatchMaker:
    """Makes batches of what its `reader` reads."""

    def __init__(
        self,
        dataset: Dataset[Any],
        collate: Collator | None = None,
        *,
        leaves_out_bad: bool = False,
    ) -> None:
        """Takes the dataset.

        Args:
            dataset: Where rows come from, by any key.
            collate: What makes a batch of samples; see `RowCollator`.
            leaves_out_bad: Whether a sample that cannot be used is left out; else it is
                an error.
        """
        self.reader = RowReader(dataset, leaves_out_bad=leaves_out_bad)
        self._collate = RowCollator(dataset, collate)
        self._leaves_out_bad = leaves_out_bad

    def make(
        self, rows: list[Row], stand_ins: Callable[[], Iterator[Row]]
    ) -> MadeBatch:
        """Makes a batch of some rows.

        Args:
            rows: What the reader read, at least one.
            stand_ins: Gives rows of which the first that can be used makes the batch
                where none of `rows` can. The model has to see something, since other
                processes wait for it.

        Raises:
            BadRowError: A row cannot be used and is not to be left out, or there is
                nothing that could stand in.
        """
        if not self._leaves_out_bad:
            return MadeBatch(self._collate(rows))
        columns, left_out = self._of_usable(rows)
        if columns is not None:
            return MadeBatch(columns, True, left_out)
        for row in islice(stand_ins(), _MOST_STAND_INS):
            columns, _ = self._of_usable([row])
            if columns is not None:
                return MadeBatch(columns, False, left_out)
        raise BadRowError(f"{left_out[0]}; and no other sample can be used either")

    def _of_usable(self, rows: list[Row]) -> tuple[Batch | None, tuple[LeftOut, ...]]:
        left_out = [sample for _, sample in rows if isinstance(sample, LeftOut)]
        usable = [row for row in rows if not isinstance(row[1], LeftOut)]
        while usable:
            try:
                return self._collate.batch_of(usable), tuple(left_out)
            except Exception as error:
                index, culprit = self._collate.culprit(usable, error)
                if index is None:
                    raise BadRowError(str(culprit)) from error
                left_out.append(culprit)
                del usable[index]
        return None, tuple(left_out)
