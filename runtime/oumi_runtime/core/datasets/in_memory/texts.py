"""Untokenized texts, with one class per kind of task.

Registered text datasets derive from these classes. The builders train or load a
tokenizer and convert them to a `ColumnDataset`.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from itertools import chain
from math import fsum
from typing import Any, Self

import torch
from torch.utils.data import Dataset

from oumi_runtime.core.datasets.in_memory.origins import Origin, joined

_LONGEST_LINE = 10_000


class TextColumns(Dataset[dict[str, Any]]):
    """Samples of text, stored by name as lists of equal length."""

    def __init__(
        self,
        columns: Mapping[str, Sequence[Any]],
        *,
        label_names: Sequence[str] | None = None,
    ) -> None:
        """Initializes the dataset.

        Args:
            columns: Lists with one value per sample, by name.
            label_names: The class names in the order of their ids, if known.

        Raises:
            ValueError: The lists differ in length.
        """
        lengths = {name: len(values) for name, values in columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"columns must be of equal length, not {lengths}")
        self.columns = {name: list(values) for name, values in columns.items()}
        self.label_names = list(label_names) if label_names is not None else None
        self.origin: Origin | None = None

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {name: values[index] for name, values in self.columns.items()}

    @property
    def all_labels(self) -> list[int | str]:
        """The labels of all samples; empty if they have none."""
        return list(self.columns.get("label", ()))

    @property
    def vocabulary_texts(self) -> list[str]:
        """The texts to train a vocabulary on: all texts of all samples."""
        return [
            text for name in ("text", "target") for text in self.columns.get(name, ())
        ]

    @property
    def number_columns(self) -> dict[str, torch.Tensor]:
        """The columns of `with_numbers`, (samples, ...) each."""
        return {
            name: torch.stack(values)
            for name, values in self.columns.items()
            if values and isinstance(values[0], torch.Tensor)
        }

    def with_numbers(self, columns: Mapping[str, list[torch.Tensor]]) -> Self:
        """Returns these texts with columns of numbers, tensors of one shape each."""
        return self._with({**self.columns, **columns})

    def select(self, indices: torch.Tensor) -> Self:
        """Returns the selected samples, in the given order.

        Args:
            indices: Sample indices, (samples,) int64; may contain duplicates.
        """
        rows: list[int] = indices.tolist()
        selected = self._with(
            {
                name: [values[row] for row in rows]
                for name, values in self.columns.items()
            }
        )
        selected.origin = None if self.origin is None else self.origin.select(indices)
        return selected

    def joined(self, others: Sequence["TextColumns"]) -> Self:
        """Concatenates this dataset and others with the same columns."""
        whole = self._with(
            {
                name: [*values, *(v for other in others for v in other.columns[name])]
                for name, values in self.columns.items()
            }
        )
        whole.origin = joined([self.origin, *(other.origin for other in others)])
        return whole

    def _with(self, columns: dict[str, list[Any]]) -> Self:
        changed = copy(self)
        changed.columns = columns
        return changed


class TextDataset(TextColumns):
    """Texts with one label each: `text`, `label`."""

    def __init__(
        self,
        texts: Sequence[str],
        labels: Sequence[int | str],
        *,
        label_names: Sequence[str] | None = None,
    ) -> None:
        """Initializes the dataset.

        Args:
            texts: The texts. Lone surrogates, which tokenizers reject, become `?`.
            labels: The label of each text: class ids from 0, or class names.
            label_names: The class names in the order of their ids. None if the names
                of the ids are unknown, or if the training split determines the order
                of the names.

        Raises:
            ValueError: The number of labels differs from that of texts.
        """
        columns = {"text": encodable(texts), "label": labels}
        super().__init__(columns, label_names=label_names)

    @property
    def texts(self) -> list[str]:
        """The texts."""
        return self.columns["text"]

    @property
    def labels(self) -> list[int | str]:
        """The label of each text."""
        return self.columns["label"]


class TaggedTexts(TextColumns):
    """Texts as lists of tokens with one label per token: `tokens`, `labels`."""

    def __init__(
        self,
        tokens: Sequence[Sequence[str]],
        labels: Sequence[Sequence[int | str]],
        *,
        label_names: Sequence[str] | None = None,
    ) -> None:
        """Initializes the dataset.

        Args:
            tokens: The tokens of each text; see `TextDataset`.
            labels: The labels of each text, one per token: class ids from 0, or class
                names; tokens with a negative id are ignored.
            label_names: See `TextDataset`.

        Raises:
            ValueError: In some text, the number of labels differs from that of tokens.
        """
        columns = {"tokens": list(map(encodable, tokens)), "labels": labels}
        super().__init__(columns, label_names=label_names)
        for row, sample in enumerate(zip(tokens, labels, strict=True), start=1):
            if len(sample[0]) != len(sample[1]):
                raise ValueError(
                    f"row {row} has {len(sample[0])} tokens but {len(sample[1])} labels"
                )

    @property
    def all_labels(self) -> list[int | str]:
        """The labels of the tokens of all samples."""
        return list(chain.from_iterable(self.columns["labels"]))

    @property
    def vocabulary_texts(self) -> list[str]:
        """The tokens of each text, joined by spaces."""
        return [" ".join(tokens) for tokens in self.columns["tokens"]]


class PlainTexts(TextColumns):
    """Texts without labels, for language modelling: `text`."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Initializes the dataset; see `TextDataset`."""
        super().__init__({"text": encodable(texts)})

    def parted(self, shares: Mapping[str, float], split: str) -> Self:
        """Returns the part of a single text that belongs to one split.

        The parts follow each other in the text, train first and test last, and end with
        a line, unless that is longer than 10,000 characters.

        Args:
            shares: The fraction of the text in each split; these add up to 1.
            split: The name of the split.

        Returns:
            A dataset of one text; of none if its share has no whole line.
        """
        (text,) = self.columns["text"]
        names = sorted(shares, key=lambda name: (name != "train", name == "test", name))
        before = fsum(shares[name] for name in names[: names.index(split)])
        begin, end = (
            _end_of_line(text, round(share * len(text)))
            for share in (before, before + shares[split])
        )
        return self._with({"text": [text[begin:end]] if begin < end else []})


class UnlabelledTexts(TextColumns):
    """Texts beside numbers, without labels, such as captions of images: `text`."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Initializes the dataset; see `TextDataset`."""
        super().__init__({"text": encodable(texts)})


class TextPairs(TextColumns):
    """Pairs of a source and a target text: `text`, `target`."""

    def __init__(self, texts: Sequence[str], targets: Sequence[str]) -> None:
        """Initializes the dataset; see `TextDataset`.

        Raises:
            ValueError: The number of targets differs from that of texts.
        """
        super().__init__({"text": encodable(texts), "target": encodable(targets)})


def _end_of_line(text: str, place: int) -> int:
    """Returns where the line at a place ends, or the place itself in a long line."""
    if place in (0, len(text)):
        return place
    found = text.find("\n", place - 1, place + _LONGEST_LINE)
    return place if found == -1 else found + 1


def encodable(texts: Sequence[str]) -> list[str]:
    """Makes texts encodable as UTF-8: lone surrogates become `?`."""
    return [text if text.isascii() else _encodable(text) for text in texts]


def _encodable(text: str) -> str:
    # The same object where it can be, as many tokens are the same.
    encoded = text.encode("utf-8", "replace")
    decoded = encoded.decode("utf-8")
    return text if decoded == text else decoded
