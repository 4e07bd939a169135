"""Makes batches from samples that were read one by one, padding where they differ.

In-memory columns are gathered instead; see `columns`.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import torch
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset, default_collate, get_worker_info

from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.datasets.rows.pickling import is_worth_sharing
from oumi_runtime.core.datasets.rows.reading import LeftOut, describe_row, in_one_line
from oumi_runtime.exceptions import BadRowError, DataError

Collator = Callable[[list[Any]], Batch]
_LABELS = ("labels", "label")
_NUMBERS = {bool, int, float}
_TOKENIZED = (
    "; texts are tokenized where a sample has text and label, the number or name of a "
    "class; text and target; tokens and labels; or text and numbers, but no label"
)
_REMEDIES = {"text": _TOKENIZED, "tokens": _TOKENIZED}


class PaddingCollator:
    """Stacks the values of each name; sequences are padded to the longest.

    If `input_ids` are padded and the samples have no `attention_mask`, one is added to
    the batch: (batch, longest) int64, 1 for tokens and 0 for padding.
    """

    def __init__(
        self,
        *,
        pad_token_id: int = 0,
        label_ignore_index: int | None = None,
        max_length: int | None = None,
        pad_to_multiple_of: int = 1,
    ) -> None:
        """Initializes the collator.

        Args:
            pad_token_id: The padding value of `input_ids`.
            label_ignore_index: The padding value of `labels`; -100 if None. All other
                values are padded with 0.
            max_length: Maximum length of a sequence, at least 1; longer ones are
                truncated.
            pad_to_multiple_of: Rounds padded lengths up to a multiple of this, at
                least 1. Fractions of equal length are not padded.
        """
        ignored = -100 if label_ignore_index is None else label_ignore_index
        self._pad_values = dict.fromkeys(_LABELS, ignored) | {"input_ids": pad_token_id}
        self._max_length = max_length
        self._multiple = pad_to_multiple_of

    def __call__(self, samples: list[Any]) -> Batch:
        """Makes a batch.

        Args:
            samples: At least one; mappings of tensors, numbers or sequences of numbers.

        Raises:
            DataError: The samples differ in their names, or in shape.
        """
        first = samples[0]
        if not isinstance(first, Mapping):
            raise DataError(
                f"is a {type(first).__name__}; return a dict of the model's inputs, "
                "such as {'input_ids': ids, 'labels': label}"
            )
        for sample in samples:
            if sample.keys() != first.keys():
                raise DataError(
                    f"has {', '.join(sorted(sample))} where others have "
                    f"{', '.join(sorted(first))}"
                )
        columns = {name: self._column(name, samples) for name in first}
        batch = {name: column for name, (column, _) in columns.items()}
        if "attention_mask" not in batch and "input_ids" in columns:
            ids, lengths = columns["input_ids"]
            if lengths is not None:
                positions = torch.arange(ids.shape[1])
                batch["attention_mask"] = (positions < lengths.unsqueeze(1)).long()
        return batch

    def _column(
        self, name: str, samples: Sequence[Mapping[str, Any]]
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Stacks the values of a name; also returns their lengths if it padded them."""
        values = [sample[name] for sample in samples]
        kinds = {*map(type, values)}
        if len(kinds) == 1 and kinds <= _NUMBERS:
            # A number that is too large for a tensor is named below.
            with contextlib.suppress(RuntimeError):
                return torch.tensor(values), None
        if kinds != {torch.Tensor} or self._max_length is not None:
            values = [self._tensor(name, value) for value in values]
        shapes = {value.shape for value in values}
        longest = max(shape[0] if shape else 0 for shape in shapes)
        # The features of a table are no sequence, and of the length that a model takes.
        are_features = len(shapes) == 1 and values[0].is_floating_point()
        multiple = 1 if are_features else self._multiple
        width = -(-longest // multiple) * multiple
        if len(shapes) == 1 and (width == longest or values[0].ndim != 1):
            return _stacked(values), None
        if len({(len(shape), shape[1:]) for shape in shapes}) > 1:
            described = sorted(str(tuple(shape)) for shape in shapes)
            raise DataError(f"{name!r} is of shapes {' and '.join(described)}")
        if values[0].ndim == 0 or values[0].ndim > 1:
            described = sorted(str(tuple(shape)) for shape in shapes)
            raise DataError(
                f"{name!r} is of shapes {' and '.join(described)}, which cannot be "
                "padded to one shape; make them equal, or name a collator that can "
                "batch them"
            )
        pad_value = self._pad_values.get(name, 0)
        padded = pad_sequence(values, batch_first=True, padding_value=pad_value)
        if width > longest:
            padded = pad(padded, (0, width - longest), value=pad_value)
        return padded, torch.tensor([value.shape[0] for value in values])

    def _tensor(self, name: str, value: Any) -> torch.Tensor:
        try:
            tensor = torch.as_tensor(value)
        except (TypeError, ValueError, RuntimeError) as error:
            reason = f"{name!r} is {value!r:.40}, not numeric"
            raise DataError(reason + _REMEDIES.get(name, "")) from error
        is_cut = self._max_length is not None and tensor.ndim == 1
        return tensor[: self._max_length] if is_cut else tensor


def _stacked(values: list[torch.Tensor]) -> torch.Tensor:
    """Stacks tensors; a worker puts large ones into shared memory at once."""
    is_sent = get_worker_info() is not None and len({v.dtype for v in values}) == 1
    if not is_sent or not is_worth_sharing(len(values) * values[0].nbytes):
        return torch.stack(values)
    stacked: torch.Tensor = default_collate(values)
    return stacked


class CollatedDataset(Dataset[Any]):
    """A map-style dataset with a collator of its own."""

    def __init__(self, dataset: Dataset[Any], collate: Collator) -> None:
        """Initializes the dataset with a function that batches its samples."""
        self.dataset = dataset
        self.collate = collate
        self.label_names: list[str] | None = getattr(dataset, "label_names", None)

    def __len__(self) -> int:
        return len(cast(Any, self.dataset))

    def __getitem__(self, index: int) -> Any:
        return self.dataset[index]

    def locate(self, index: int) -> tuple[Dataset[Any], int]:
        """Returns the dataset a sample comes from, and its row there, from 0."""
        return self.dataset, index


class RowCollator:
    """Makes batches from a `RowReader`'s rows; errors name a row that does not fit."""

    def __init__(self, dataset: Dataset[Any], collate: Collator | None = None) -> None:
        """Initializes the collator; `collate` defaults to the dataset's own."""
        self._dataset = dataset
        own: Collator | None = getattr(dataset, "collate", None)
        self._collate = collate or own or PaddingCollator()

    def __call__(self, rows: list[tuple[Any, Any]]) -> Batch:
        """Makes a batch.

        Raises:
            BadRowError: The samples cannot be batched together.
        """
        try:
            return self.batch_of(rows)
        except BadRowError:
            raise
        except Exception as error:
            _, culprit = self.culprit(rows, error)
            raise BadRowError(str(culprit)) from error

    def batch_of(self, rows: list[tuple[Any, Any]]) -> Batch:
        """Makes a batch; errors of the collator are raised unchanged."""
        return self._collate([sample for _, sample in rows])

    def culprit(
        self, rows: list[tuple[Any, Any]], error: Exception
    ) -> tuple[int | None, LeftOut]:
        """Finds the row that prevents a batch, and the reason.

        It is the first row that cannot be batched with row 0; or row 0 itself, if most
        of the others cannot be batched with it.

        Args:
            rows: Rows that cannot be batched together.
            error: The error that batching all of them raised.

        Returns:
            The index of the row, or None if any two rows can be batched together; and a
            description of the problem.
        """
        samples = [sample for _, sample in rows]
        misfits = [i for i in range(len(rows)) if self._misfit(samples, 0, i)]
        if not misfits:
            where = (
                f"a batch that begins with {describe_row(self._dataset, rows[0][0])}"
            )
            return None, LeftOut(where, in_one_line(error))
        index, other = misfits[0], 0
        if len(rows) > 2 and 2 * len(misfits) > len(rows) - 1:
            index, other = 0, index
        reason = self._misfit(samples, other, index)
        where = describe_row(self._dataset, rows[index][0])
        return index, LeftOut(where, f"cannot be put into a batch: {reason}")

    def _misfit(self, samples: list[Any], one: int, other: int) -> str | None:
        """Returns why two samples cannot be batched together; None if they can."""
        try:
            self._collate([samples[one], samples[other]])
        except Exception as error:
            return in_one_line(error)
        return None
