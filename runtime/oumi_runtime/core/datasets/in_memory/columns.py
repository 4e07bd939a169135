"""In-memory samples stored by column, so that a batch is a gather and not a loop.

A column is a tensor with the samples as its first dimension, or a `RaggedColumn` if the
samples are sequences of different lengths.
"""

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch.utils.data import Dataset

from oumi_runtime.core.datasets.in_memory.origins import Origin
from oumi_runtime.core.datasets.in_memory.table_columns import TableColumns

Batch = Mapping[str, torch.Tensor]
"""The columns of some samples, by the name of forward's parameter."""

_SEQUENCES_AT_ONCE = 4096


class RaggedColumn:
    """Sequences of different lengths, stored end to end without padding."""

    def __init__(
        self,
        values: torch.Tensor,
        lengths: torch.Tensor,
        *,
        pad_value: int = 0,
        is_packed: bool = False,
    ) -> None:
        """Initializes the column.

        Args:
            values: The concatenated sequences, (sum of lengths,).
            lengths: The length of each sequence, (samples,) int64; 0 is allowed.
            pad_value: The padding value for shorter sequences in a batch.
            is_packed: Whether these are blocks of equal length, but for the last. Only
                a batch with that one in it has a mask then.
        """
        self.values = values
        self.lengths = lengths
        self.pad_value = pad_value
        self.is_packed = is_packed
        self._starts = lengths.cumsum(0) - lengths

    def __len__(self) -> int:
        return len(self.lengths)

    def needs_mask(self, indices: torch.Tensor) -> bool:
        """Whether a batch has to say which of its values are padding.

        Args:
            indices: Sequence indices, (batch,) int64.
        """
        if not self.is_packed:
            return True
        lengths = self.lengths[indices]
        return bool(lengths.ne(lengths[:1]).any())

    def pad(self, indices: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Gathers sequences into a tensor, padded to the longest of them.

        Args:
            indices: Sequence indices, (batch,) int64.

        Returns:
            The padded sequences and their mask (1 for values, 0 for padding), both
            (batch, longest) int64. The width is 1 if all sequences are empty.
        """
        lengths = self.lengths[indices]
        longest = int(lengths.max()) if len(lengths) else 0
        positions = torch.arange(max(1, longest))  # (L,)
        mask = positions < lengths.unsqueeze(1)  # (B, L)
        rows = torch.full(mask.shape, self.pad_value)
        if longest:
            flat = self._starts[indices].unsqueeze(1) + positions  # (B, L)
            values = self.values[flat.clamp_(max=len(self.values) - 1)].long()
            rows = values.masked_fill_(~mask, self.pad_value)
        return rows, mask.long()

    def pad_runs(
        self, sizes: torch.Tensor
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Gathers all sequences, in order, into consecutive padded batches.

        Args:
            sizes: Number of sequences in each batch, at least 1, (batches,) int64;
                these add up to the number of sequences.

        Yields:
            The result of `pad` for each batch; the tensors share memory.
        """
        runs = torch.arange(len(sizes)).repeat_interleave(sizes)  # (samples,)
        widths = torch.ones_like(sizes).scatter_reduce(0, runs, self.lengths, "amax")
        row_widths = widths[runs]
        starts = row_widths.cumsum(0) - row_widths
        shifts = (starts - self._starts).repeat_interleave(self.lengths)
        places = torch.arange(len(self.values)) + shifts
        num_places = int(row_widths.sum())
        values = torch.full((num_places,), self.pad_value)
        values[places] = self.values.long()
        mask = torch.zeros(num_places, dtype=torch.int64)
        mask[places] = 1
        shapes = torch.stack([sizes, widths], dim=1).tolist()
        areas = (sizes * widths).tolist()
        for shape, rows, masks in zip(
            shapes, torch.split(values, areas), torch.split(mask, areas), strict=True
        ):
            yield rows.view(shape), masks.view(shape)

    def select(self, indices: torch.Tensor) -> "RaggedColumn":
        """Returns the selected sequences, in the given order.

        Args:
            indices: Sequence indices, (samples,) int64; may contain duplicates.
        """
        starts, lengths = self._starts[indices], self.lengths[indices]
        return RaggedColumn(
            self._gather(starts, lengths),
            lengths,
            pad_value=self.pad_value,
            is_packed=self.is_packed,
        )

    def cut(self, length: int, *, pad_value: int) -> "RaggedColumn":
        """Truncates each sequence.

        Args:
            length: Maximum length of a sequence, 0 or more.
            pad_value: The padding value for shorter sequences in a batch.
        """
        lengths = self.lengths.clamp(max=length)
        is_longer = len(self) and int(self.lengths.max()) > length
        values = self._gather(self._starts, lengths) if is_longer else self.values
        return RaggedColumn(values, lengths, pad_value=pad_value)

    def last(self, length: int, *, pad_value: int) -> "RaggedColumn":
        """Keeps the end of each sequence; see `cut`."""
        lengths = self.lengths.clamp(max=length)
        starts = self._starts + self.lengths - lengths
        return RaggedColumn(self._gather(starts, lengths), lengths, pad_value=pad_value)

    def without_end(self, count: int) -> "RaggedColumn":
        """Removes the last `count` values of each sequence."""
        lengths = (self.lengths - count).clamp(min=0)
        values = self._gather(self._starts, lengths)
        return RaggedColumn(values, lengths, pad_value=self.pad_value)

    def _gather(self, starts: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Returns the values of some slices, concatenated, (sum of lengths,)."""
        ends = lengths.cumsum(0)
        shifts = starts - (ends - lengths)
        gathered = self.values.new_empty(int(lengths.sum()))
        end = 0
        # Some at once, since the place of a value takes more memory than the value.
        for first in range(0, len(lengths), _SEQUENCES_AT_ONCE):
            run = slice(first, first + _SEQUENCES_AT_ONCE)
            begin, end = end, int(ends[run][-1])
            places = torch.arange(begin, end)
            places += shifts[run].repeat_interleave(lengths[run])
            torch.index_select(self.values, 0, places, out=gathered[begin:end])
        return gathered

    def ended_by(self, value: int) -> "RaggedColumn":
        """Appends a value to each sequence."""
        lengths = self.lengths + 1
        values = self.values.new_full((len(self.values) + len(self),), value)
        is_old = torch.ones(len(values), dtype=torch.bool)
        is_old[lengths.cumsum(0) - 1] = False
        values.masked_scatter_(is_old, self.values)
        return RaggedColumn(values, lengths, pad_value=self.pad_value)


class ColumnDataset(Dataset[Batch]):
    """A map-style dataset of columns.

    A `RaggedColumn` named `input_ids` also provides the `attention_mask`, where it
    needs one.
    """

    def __init__(
        self,
        columns: Mapping[str, torch.Tensor | RaggedColumn],
        *,
        label_names: Sequence[str] | None = None,
        table_columns: TableColumns | None = None,
        origin: Origin | None = None,
    ) -> None:
        """Initializes the dataset.

        Args:
            columns: Columns of equal length, by the name of forward's parameter.
            label_names: The class names in the order of the label ids, if known.
            table_columns: The columns of a table that `features` holds, if these are
                still to be encoded.
            origin: Where the samples come from, if known.

        Raises:
            ValueError: There are no columns, or their lengths differ.
        """
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"columns must be of equal length, not {lengths}")
        self.columns = dict(columns)
        self.label_names = list(label_names) if label_names is not None else None
        self.table_columns = table_columns
        self.origin = origin
        self._length = next(iter(lengths.values()))

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Batch:
        """Returns one sample, without a batch dimension."""
        if not -self._length <= index < self._length:
            raise IndexError(f"sample {index} of {self._length}")
        batch = self.take(torch.tensor([index % self._length]))
        return {name: column[0] for name, column in batch.items()}

    def select(self, indices: torch.Tensor) -> "ColumnDataset":
        """Returns the selected samples, in the given order.

        Args:
            indices: Sample indices, (samples,) int64; may contain duplicates.
        """
        columns = {
            name: column.select(indices)
            if isinstance(column, RaggedColumn)
            else column[indices]
            for name, column in self.columns.items()
        }
        return ColumnDataset(
            columns,
            label_names=self.label_names,
            table_columns=self.table_columns,
            origin=None if self.origin is None else self.origin.select(indices),
        )

    def take(self, indices: torch.Tensor) -> Batch:
        """Gathers samples into a batch.

        Args:
            indices: Sample indices, (batch,) int64.

        Returns:
            Every column with the batch as its first dimension; sequences are padded to
            the longest in the batch.
        """
        batch: dict[str, torch.Tensor] = {}
        for name, column in self.columns.items():
            if isinstance(column, RaggedColumn):
                batch[name], mask = column.pad(indices)
                if name == "input_ids" and column.needs_mask(indices):
                    batch["attention_mask"] = mask
            else:
                batch[name] = column[indices]
        return batch

    def take_runs(self, sizes: Sequence[int]) -> Iterator[Batch]:
        """Splits all samples, in order, into batches; faster than repeated `take`.

        Args:
            sizes: Number of samples in each batch, at least 1; these add up to the
                number of samples.
        """
        parts: dict[str, Iterator[torch.Tensor | None]] = {}
        for name, column in self.columns.items():
            if isinstance(column, RaggedColumn):
                rows, masks = zip(*column.pad_runs(torch.tensor(sizes)), strict=True)
                parts[name] = iter(rows)
                if name == "input_ids":
                    is_spared = [column.is_packed and bool(m.all()) for m in masks]
                    kept = zip(masks, is_spared, strict=True)
                    parts["attention_mask"] = (None if no else m for m, no in kept)
            else:
                parts[name] = iter(torch.split(column, list(sizes)))
        for _ in sizes:
            columns = {name: next(values) for name, values in parts.items()}
            yield {name: c for name, c in columns.items() if c is not None}
