"""Labelled texts before they are tokenized.

A registered text dataset is a `TextDataset`. The builders train or load a tokenizer and
turn it into a `ColumnDataset`.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch.utils.data import Dataset


class TextDataset(Dataset[dict[str, Any]]):
    """Texts with the label of each."""

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
        if len(texts) != len(labels):
            raise ValueError(f"{len(texts)} texts but {len(labels)} labels")
        self.texts = [
            text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
            for text in texts
        ]
        self.labels = list(labels)
        self.label_names = list(label_names) if label_names is not None else None

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"text": self.texts[index], "label": self.labels[index]}

    def select(self, indices: torch.Tensor) -> "TextDataset":
        """The samples alone that are asked for, in the order asked for.

        Args:
            indices: Which samples, (samples,) int64; each may come more than once.
        """
        rows: list[int] = indices.tolist()
        return TextDataset(
            [self.texts[row] for row in rows],
            [self.labels[row] for row in rows],
            label_names=self.label_names,
        )
