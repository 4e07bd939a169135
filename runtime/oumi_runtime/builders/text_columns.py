"""Makes columns of token ids and labels of texts, in the way that each form needs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain

import torch
from tokenizers import Encoding, Tokenizer

from oumi_runtime.builders.byte_encoder import ByteEncoder, is_of_bytes
from oumi_runtime.builders.joined_words import join_ragged, to_ragged
from oumi_runtime.builders.word_encoder import WordEncoder, splits_at_spaces
from oumi_runtime.core.datasets import (
    PlainTexts,
    RaggedColumn,
    TaggedTexts,
    TextColumns,
    TextDataset,
    TextPairs,
)
from oumi_runtime.exceptions import BadSampleError, DataError

# What losses and metrics leave out.
IGNORED_LABEL = -100
_TEXTS_AT_ONCE = 4096

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
                    f"a {type(dataset).__name__} is not a form of texts that can be "
                    "tokenized; make it a TextDataset"
                )

    @cached_property
    def _faster(self) -> WordEncoder | ByteEncoder | None:
        """What gives the same tokens faster, for all datasets; None if nothing does."""
        if splits_at_spaces(self.tokenizer):
            return WordEncoder(self.tokenizer)
        return ByteEncoder(self.tokenizer) if is_of_bytes(self.tokenizer) else None

    def _tokens(self, texts: Sequence[str]) -> RaggedColumn:
        """All tokens of each text."""
        if self._faster is not None:
            return self._faster.encode(texts)
        parts: list[RaggedColumn] = []
        # Some at once: a tokenizer keeps far more of each token than its id.
        for first in range(0, len(texts), _TEXTS_AT_ONCE):
            run = texts[first : first + _TEXTS_AT_ONCE]
            encodings = self.tokenizer.encode_batch_fast(run)
            parts.append(to_ragged([each.ids for each in encodings]))
        return join_ragged(parts)

    def _inputs(self, texts: Sequence[str]) -> RaggedColumn:
        return self._tokens(texts).cut(self.max_length, pad_value=self.pad_id)

    def _tagged(self, dataset: TaggedTexts, label_ids: LabelIds) -> Columns:
        """The pieces of the tokens; the first of each has the token's label."""
        tokens, labels = dataset.columns["tokens"], dataset.columns["labels"]
        ids, words = self._tokens_of_words(tokens)
        # One more, for the pieces whose number of a word is -1.
        of_words = torch.tensor([*_ids_of_tags(labels, label_ids), IGNORED_LABEL])
        pieces = RaggedColumn(of_words[words], ids.lengths)
        return {
            "input_ids": ids.cut(self.max_length, pad_value=self.pad_id),
            "labels": pieces.cut(self.max_length, pad_value=IGNORED_LABEL),
        }

    def _tokens_of_words(
        self, texts: Sequence[Sequence[str]]
    ) -> tuple[RaggedColumn, torch.Tensor]:
        """See `WordEncoder.encode_words`."""
        if isinstance(self._faster, WordEncoder):
            return self._faster.encode_words(texts)
        encodings = self.tokenizer.encode_batch(texts, is_pretokenized=True)
        words: list[int] = []
        start = 0
        for encoding, text in zip(encodings, texts, strict=True):
            words += _first_pieces(encoding, start)
            start += len(text)
        ids = to_ragged([encoding.ids for encoding in encodings])
        return ids, torch.tensor(words, dtype=torch.int64)

    def _blocks(self, dataset: PlainTexts) -> Columns:
        """All texts end to end, each ended by one padding token, cut into blocks."""
        values = self._tokens(dataset.columns["text"]).ended_by(self.pad_id).values
        lengths = torch.full((-(-len(values) // self.max_length),), self.max_length)
        if len(values) % self.max_length:
            lengths[-1] = len(values) % self.max_length
        return {
            "input_ids": RaggedColumn(values, lengths, pad_value=self.pad_id),
            "labels": RaggedColumn(values, lengths, pad_value=IGNORED_LABEL),
        }

    def _pairs(self, dataset: TextPairs) -> Columns:
        """The ids of both texts; those of the target are the labels, with an end."""
        targets = self._tokens(dataset.columns["target"])
        targets = targets.cut(self.max_length - 1, pad_value=IGNORED_LABEL)
        return {
            "input_ids": self._inputs(dataset.columns["text"]),
            "labels": targets.ended_by(self.pad_id),
        }


def _ids_of_tags(
    labels: Sequence[Sequence[int | str]], label_ids: LabelIds
) -> list[int]:
    """The ids of the labels of all texts, one after the other."""
    try:
        return label_ids(list(chain.from_iterable(labels)))
    except BadSampleError as error:
        ends = accumulate(map(len, labels))
        sample = next(row for row, end in enumerate(ends) if error.sample < end)
        raise BadSampleError(sample, error.reason) from error


def _first_pieces(encoding: Encoding, start: int) -> list[int]:
    """The number of each word at its first piece, counted from `start`; else -1."""
    found: list[int] = []
    before: int | None = None
    for word in encoding.word_ids:
        is_first = word is not None and word != before
        found.append(start + word if word is not None and is_first else -1)
        before = word
    return found
