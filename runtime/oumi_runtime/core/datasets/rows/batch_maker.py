"""Makes batches from rows that are read one by one, optionally skipping bad ones.

A skipped sample makes its batch smaller. It is not replaced, so that every other sample
stays in the same batch.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from torch.utils.data import Dataset

from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.datasets.rows.collation import Collator, RowCollator
from oumi_runtime.core.datasets.rows.reading import LeftOut, RowReader
from oumi_runtime.exceptions import BadRowError

Row = tuple[Any, Any]
"""The key of a sample, and the sample."""

_MOST_STAND_INS = 1000


class MadeBatch(NamedTuple):
    """A batch, and the samples that were left out of it."""

    columns: Batch
    is_real: bool = True
    """False for a stand-in, used when none of the batch's own samples is usable."""
    left_out: tuple[LeftOut, ...] = ()


class BatchMaker:
    """Makes batches from the rows that its `reader` reads."""

    def __init__(
        self,
        dataset: Dataset[Any],
        collate: Collator | None = None,
        *,
        leaves_out_bad: bool = False,
    ) -> None:
        """Initializes the batch maker.

        Args:
            dataset: The dataset to read; keys may be of any type.
            collate: Makes a batch from a list of samples; see `RowCollator`.
            leaves_out_bad: Whether to leave out unusable samples instead of raising an
                error.
        """
        self.reader = RowReader(dataset, leaves_out_bad=leaves_out_bad)
        self._collate = RowCollator(dataset, collate)
        self._leaves_out_bad = leaves_out_bad

    def make(
        self, rows: list[Row], stand_ins: Callable[[], Iterator[Row]]
    ) -> MadeBatch:
        """Makes a batch from rows.

        Args:
            rows: The rows that the reader returned, at least one.
            stand_ins: Returns replacement rows. If none of `rows` is usable, the first
                usable replacement becomes the batch: the model needs some input, since
                other processes wait for it.

        Raises:
            BadRowError: A row is unusable and may not be left out, or no replacement
                is usable.
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
        raise BadRowError(f"{left_out[0]}; no other sample is usable either")

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
