"""Makes columns of token ids and labels of texts, in the way that each form needs."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import torch
from tokenizers import Encoding, Tokenizer

from oumi_runtime.core.datasets import (
    PlainTexts,
    RaggedColumn,
    TaggedTexts,
    TextColumns,
    TextDataset,
    TextPairs,
)
from oumi_runtime.exceptions import DataError

# What losses and metrics leave out.
IGNORED_LABEL = -100

Columns = dict[str, torch.Tensor | RaggedColumn]
LabelIds = Callable[[Sequence[int | str]], list[int]]


@dataclass(frozen=True)
class TextEncoder:
    """Turns texts into ids, cut to a length."""

    tokenizer: Tokenizer
    max_length: int
    """Tokens kept of each text."""

    pad_id: int
    """The id that fills shorter rows, and that ends a text or a target."""

    def encode(self, dataset: TextColumns, label_ids: LabelIds) -> Columns:
        """Makes the columns that a model of the dataset's task takes.

        Args:
            dataset: The texts.
            label_ids: Makes ids of the labels of a dataset or of a text.

        Raises:
            DataError: The dataset is of no form that is known here.
        """
        match dataset:
            case TextDataset():
                labels = torch.tensor(label_ids(dataset.labels), dtype=torch.int64)
                return {"input_ids": self._inputs(dataset.texts), "labels": labels}
            case TaggedTexts():
                return self._tagged(dataset, label_ids)
            case PlainTexts():
                return self._blocks(dataset)
            case TextPairs():
                return self._pairs(dataset)
            case _:
                raise DataError(
                    f"a {type(dataset).__name__} is no form of texts that can be "
                    "tokenized; make it a TextDataset"
                )

    def _encodings(self, texts: Sequence[str]) -> list[Encoding]:
        return self.tokenizer.encode_batch_fast(texts, add_special_tokens=True)

    def _inputs(self, texts: Sequence[str]) -> RaggedColumn:
        rows = [each.ids[: self.max_length] for each in self._encodings(texts)]
        return _ragged(rows, self.pad_id)

    def _tagged(self, dataset: TaggedTexts, label_ids: LabelIds) -> Columns:
        """The pieces of the tokens; the first of each has the token's label."""
        tokens, labels = dataset.columns["tokens"], dataset.columns["labels"]
        encodings = self.tokenizer.encode_batch(tokens, is_pretokenized=True)
        ids = label_ids(list(chain.from_iterable(labels)))
        rows: list[list[int]] = []
        start = 0
        for encoding, own in zip(encodings, labels, strict=True):
            rows.append(_first_piece_labels(encoding, ids[start : start + len(own)]))
            start += len(own)
        cut = self.max_length
        return {
            "input_ids": _ragged([each.ids[:cut] for each in encodings], self.pad_id),
            "labels": _ragged([row[:cut] for row in rows], IGNORED_LABEL),
        }

    def _blocks(self, dataset: PlainTexts) -> Columns:
        """All texts end to end, each ended by one padding token, cut into blocks."""
        texts = dataset.columns["text"]
        rows = [[*encoding.ids, self.pad_id] for encoding in self._encodings(texts)]
        values = torch.tensor(list(chain.from_iterable(rows)), dtype=torch.int32)
        lengths = torch.full((-(-len(values) // self.max_length),), self.max_length)
        if len(values) % self.max_length:
            lengths[-1] = len(values) % self.max_length
        return {
            "input_ids": RaggedColumn(values, lengths, pad_value=self.pad_id),
            "labels": RaggedColumn(values, lengths, pad_value=IGNORED_LABEL),
        }

    def _pairs(self, dataset: TextPairs) -> Columns:
        """The ids of both texts; those of the target are the labels, with an end."""
        encodings = self._encodings(dataset.columns["target"])
        cut = self.max_length - 1
        targets = [[*encoding.ids[:cut], self.pad_id] for encoding in encodings]
        return {
            "input_ids": self._inputs(dataset.columns["text"]),
            "labels": _ragged(targets, IGNORED_LABEL),
        }


def _first_piece_labels(encoding: Encoding, labels: Sequence[int]) -> list[int]:
    found: list[int] = []
    before: int | None = None
    for word in encoding.word_ids:
        found.append(
            labels[word] if word is not None and word != before else IGNORED_LABEL
        )
        before = word
    return found


def _ragged(rows: Iterable[Sequence[int]], pad_value: int) -> RaggedColumn:
    rows = list(rows)
    return RaggedColumn(
        torch.tensor(list(chain.from_iterable(rows)), dtype=torch.int32),
        torch.tensor([len(row) for row in rows], dtype=torch.int64),
        pad_value=pad_value,
    )
