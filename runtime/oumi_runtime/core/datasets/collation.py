"""Makes a batch of samples that were read one by one, padded where they differ.

Samples of columns in memory are gathered instead; see `columns`.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

from oumi_runtime.core.datasets.columns import Batch
from oumi_runtime.core.datasets.rows import LeftOut, describe_row, in_one_line
from oumi_runtime.exceptions import BadRowError, DataError

Collator = Callable[[list[Any]], Batch]
_LABELS = ("labels", "label")
_NUMBERS = {bool, int, float}


class PaddingCollator:
    """Stacks the values of each name; sequences are padded to the longest of them.

    Where `input_ids` are padded and no sample has an `attention_mask`, the batch gets
    one: (batch, longest) int64, 1 where there is a token.
    """

    def __init__(
        self,
        *,
        pad_token_id: int = 0,
        label_ignore_index: int | None = None,
        max_length: int | None = None,
        pad_to_multiple_of: int = 1,
    ) -> None:
        """Takes what is padded with.

        Args:
            pad_token_id: What fills `input_ids`.
            label_ignore_index: What fills `labels`; -100 if None. All else gets 0.
            max_length: The most values of a sequence, at least 1; longer ones are cut.
            pad_to_multiple_of: What the length of a padded sequence is a multiple of,
                at least 1.
        """
        ignored = -100 if label_ignore_index is None else label_ignore_index
        self._pad_values = dict.fromkeys(_LABELS, ignored) | {"input_ids": pad_token_id}
        self._max_length = max_length
        self._multiple = pad_to_multiple_of

    def __call__(self, samples: list[Any]) -> Batch:
        """Makes the batch.

        Args:
            samples: At least one; mappings of tensors, numbers or sequences of numbers.

        Raises:
            DataError: A sample has other names, or values of another shape.
        """
        first = samples[0]
        if not isinstance(first, Mapping):
            raise DataError(
                f"is a {type(first).__name__}; return a dict of what the model takes, "
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
        """The values of a name, and how long each was where they had to be padded."""
        values = [sample[name] for sample in samples]
        kinds = {*map(type, values)}
        if len(kinds) == 1 and kinds <= _NUMBERS:
            # What is too large for a tensor is named below.
            with contextlib.suppress(RuntimeError):
                return torch.tensor(values), None
        if kinds != {torch.Tensor} or self._max_length is not None:
            values = [self._tensor(name, value) for value in values]
        shapes = {value.shape for value in values}
        longest = max(shape[0] if shape else 0 for shape in shapes)
        width = -(-longest // self._multiple) * self._multiple
        if len(shapes) == 1 and (width == longest or values[0].ndim != 1):
            return torch.stack(values), None
        if len({(len(shape), shape[1:]) for shape in shapes}) > 1:
            described = sorted(str(tuple(shape)) for shape in shapes)
            raise DataError(f"{name!r} is of shapes {' and '.join(described)}")
        if values[0].ndim == 0 or values[0].ndim > 1:
            described = sorted(str(tuple(shape)) for shape in shapes)
            raise DataError(
                f"{name!r} is of shapes {' and '.join(described)}, which no padding "
                "makes equal; make them so, or name a collator that does"
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
            raise DataError(f"{name!r} is {value!r:.40}, not numbers") from error
        is_cut = self._max_length is not None and tensor.ndim == 1
        return tensor[: self._max_length] if is_cut else tensor


class CollatedDataset(Dataset[Any]):
    """A map-style dataset with a collator of its own."""

    def __init__(self, dataset: Dataset[Any], collate: Collator) -> None:
        """Takes the dataset, and what makes a batch of its samples."""
        self.dataset = dataset
        self.collate = collate
        self.label_names: list[str] | None = getattr(dataset, "label_names", None)

    def __len__(self) -> int:
        return len(self.dataset)  # type: ignore[arg-type]

    def __getitem__(self, index: int) -> Any:
        return self.dataset[index]

    def locate(self, index: int) -> tuple[Dataset[Any], int]:
        """The dataset that a sample comes from, and its row there, from 0."""
        return self.dataset, index


class RowCollator:
    """Makes a batch of what a `RowReader` reads; a row that does not fit is named."""

    def __init__(self, dataset: Dataset[Any], collate: Collator | None = None) -> None:
        """Takes the dataset, whose own `collate` is used where there is no other."""
        self._dataset = dataset
        own: Collator | None = getattr(dataset, "collate", None)
        self._collate = collate or own or PaddingCollator()

    def __call__(self, rows: list[tuple[Any, Any]]) -> Batch:
        """Makes the batch.

        Raises:
            BadRowError: The samples do not go together.
        """
        try:
            return self.batch_of(rows)
        except BadRowError:
            raise
        except Exception as error:
            _, culprit = self.culprit(rows, error)
            raise BadRowError(str(culprit)) from error

    def batch_of(self, rows: list[tuple[Any, Any]]) -> Batch:
        """Makes the batch; what goes wrong is raised as it is."""
        return self._collate([sample for _, sample in rows])

    def culprit(
        self, rows: list[tuple[Any, Any]], error: Exception
    ) -> tuple[int | None, LeftOut]:
        """Which row is at fault, and for what reason.

        It is the first that does not go with the first one; or the first, where it goes
        with fewer than half of the others.

        Args:
            rows: Those that do not go together.
            error: What was said of all of them.

        Returns:
            Its place among the rows; None where any two go together.
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
        """Why two samples do not go together; None where they do."""
        try:
            self._collate([samples[one], samples[other]])
        except Exception as error:
            return in_one_line(error)
        return None
