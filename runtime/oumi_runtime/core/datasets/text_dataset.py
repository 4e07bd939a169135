"""Texts before they are tokenized, in the form that each kind of task has them.

A registered dataset of texts is one of these. The builders train or load a tokenizer
and turn it into a `ColumnDataset`.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from itertools import chain
from typing import Any, Self

import torch
from torch.utils.data import Dataset


class TextColumns(Dataset[dict[str, Any]]):
    """Lists of one length: what a sample consists of, by name."""

    def __init__(
        self,
        columns: Mapping[str, Sequence[Any]],
        *,
        label_names: Sequence[str] | None = None,
    ) -> None:
        """Takes the lists.

        Args:
            columns: A value for each sample, by the name that it has in a sample.
            label_names: The classes in the order of their ids, if known.

        Raises:
            ValueError: The lists differ in length.
        """
        lengths = {name: len(values) for name, values in columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"columns must be of one length, not {lengths}")
        self.columns = {name: list(values) for name, values in columns.items()}
        self.label_names = list(label_names) if label_names is not None else None

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {name: values[index] for name, values in self.columns.items()}

    @property
    def all_labels(self) -> list[int | str]:
        """The labels of all samples; empty where they have none."""
        return list(self.columns.get("label", ()))

    @property
    def vocabulary_texts(self) -> list[str]:
        """What a vocabulary is trained on: all texts of all samples."""
        return [
            text for name in ("text", "target") for text in self.columns.get(name, ())
        ]

    def select(self, indices: torch.Tensor) -> Self:
        """The samples alone that are asked for, in the order asked for.

        Args:
            indices: Which samples, (samples,) int64; each may come more than once.
        """
        rows: list[int] = indices.tolist()
        return self._with(
            {
                name: [values[row] for row in rows]
                for name, values in self.columns.items()
            }
        )

    def joined(self, others: Sequence["TextColumns"]) -> Self:
        """This dataset and others of the same columns, one after the other."""
        return self._with(
            {
                name: [*values, *(v for other in others for v in other.columns[name])]
                for name, values in self.columns.items()
            }
        )

    def _with(self, columns: dict[str, list[Any]]) -> Self:
        changed = copy(self)
        changed.columns = columns
        return changed


class TextDataset(TextColumns):
    """Texts with the label of each: `text`, `label`."""

    def __init__(
        self,
        texts: Sequence[str],
        labels: Sequence[int | str],
        *,
        label_names: Sequence[str] | None = None,
    ) -> None:
        """Takes the samples.

        Args:
            texts: The texts. Half a surrogate pair, which no tokenizer takes,
                becomes `?`.
            labels: The label of each: class ids from 0, or class names.
            label_names: The classes in the order of their ids. None for class ids of
                unknown names, and for class names whose order the training split gives.

        Raises:
            ValueError: There are not as many labels as texts.
        """
        columns = {"text": encodable(texts), "label": labels}
        super().__init__(columns, label_names=label_names)

    @property
    def texts(self) -> list[str]:
        """The texts."""
        return self.columns["text"]

    @property
    def labels(self) -> list[int | str]:
        """The label of each."""
        return self.columns["label"]


class TaggedTexts(TextColumns):
    """Texts cut into tokens with a label for each: `tokens`, `labels`."""

    def __init__(
        self,
        tokens: Sequence[Sequence[str]],
        labels: Sequence[Sequence[int | str]],
        *,
        label_names: Sequence[str] | None = None,
    ) -> None:
        """Takes the samples.

        Args:
            tokens: The tokens of each text; see `TextDataset`.
            labels: The labels of each text, one a token: class ids from 0, or class
                names; a negative id leaves a token out.
            label_names: See `TextDataset`.

        Raises:
            ValueError: A text has not as many labels as tokens.
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
        """The tokens of each text, with spaces between."""
        return [" ".join(tokens) for tokens in self.columns["tokens"]]


class PlainTexts(TextColumns):
    """Texts alone, to model their language: `text`."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Takes the texts; see `TextDataset`."""
        super().__init__({"text": encodable(texts)})


class TextPairs(TextColumns):
    """Texts with the one that goes with each: `text`, `target`."""

    def __init__(self, texts: Sequence[str], targets: Sequence[str]) -> None:
        """Takes the pairs; see `TextDataset`.

        Raises:
            ValueError: There are not as many targets as texts.
        """
        super().__init__({"text": encodable(texts), "target": encodable(targets)})


def encodable(texts: Sequence[str]) -> list[str]:
    """The texts as UTF-8 can hold them: half a surrogate pair becomes `?`."""
    return [
        text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
        for text in texts
    ]
