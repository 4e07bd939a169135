"""Converts each kind of text dataset to columns of token ids and labels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain

import torch
from tokenizers import Encoding, Tokenizer

from oumi_runtime.builders.tokenizing.byte_encoder import ByteEncoder, is_of_bytes
from oumi_runtime.builders.tokenizing.joined_words import join_ragged, to_ragged
from oumi_runtime.builders.tokenizing.long_texts import encode_texts
from oumi_runtime.builders.tokenizing.special_ids import ids_around
from oumi_runtime.builders.tokenizing.word_encoder import WordEncoder, splits_at_spaces
from oumi_runtime.core.datasets import (
    PlainTexts,
    RaggedColumn,
    TaggedTexts,
    TextColumns,
    TextDataset,
    TextPairs,
    UnlabelledTexts,
)
from oumi_runtime.core.datasets.in_memory.packing import cut_into_blocks
from oumi_runtime.core.log import logger
from oumi_runtime.exceptions import BadSampleError, DataError

# Losses and metrics ignore this label.
IGNORED_LABEL = -100
# Columns that predictions of tokens are put together from, and that no model takes.
WORDS, NUM_WORDS = "words", "num_words"
_TEXTS_AT_ONCE = 1024
# From this size on tokenizing takes many seconds, and is announced.
_MANY_CHARACTERS = 50_000_000

Columns = dict[str, torch.Tensor | RaggedColumn]
LabelIds = Callable[[Sequence[int | str]], list[int]]


@dataclass(frozen=True)
class TextEncoder:
    """Encodes texts as token ids, truncated to a maximum length."""

    tokenizer: Tokenizer
    max_length: int
    """The maximum number of tokens in a text."""

    pad_id: int
    """The id that pads shorter rows, and that marks the end of a text or target."""

    def encode(self, dataset: TextColumns, label_ids: LabelIds) -> Columns:
        """Encodes a dataset as the inputs of a model for its task.

        Args:
            dataset: The texts.
            label_ids: Converts the labels of a dataset or text to ids.

        Raises:
            DataError: The kind of dataset is not supported.
        """
        match dataset:
            case TextDataset():
                labels = torch.tensor(label_ids(dataset.labels), dtype=torch.int64)
                return {"input_ids": self._inputs(dataset.texts), "labels": labels}
            case TaggedTexts():
                return self._tagged(dataset, label_ids)
            case PlainTexts():
                return self._blocks(dataset)
            case UnlabelledTexts():
                return {"input_ids": self._inputs(dataset.columns["text"])}
            case TextPairs():
                return self._pairs(dataset)
            case _:
                raise DataError(
                    f"a {type(dataset).__name__} cannot be tokenized; derive it "
                    "from TextDataset"
                )

    def encode_inputs(self, dataset: TextColumns) -> Columns:
        """Encodes what a model predicts from, without labels.

        Args:
            dataset: Plain texts are prompts, of which the end is kept if they are too
                long. Otherwise `tokens` or else `text` is encoded, as in `encode`.

        Returns:
            `input_ids`; and for tokens, `words` (samples, sequence), the number of the
            token, from 1, at its first piece, otherwise 0, and `num_words` (samples,).
        """
        if "tokens" in dataset.columns:
            return self._words(dataset.columns["tokens"])
        texts = dataset.columns["text"]
        if isinstance(dataset, PlainTexts):
            return {"input_ids": self._prompts(texts)}
        return {"input_ids": self._inputs(texts)}

    @cached_property
    def _faster(self) -> WordEncoder | ByteEncoder | None:
        """An equivalent, faster encoder, for all datasets; None if none exists."""
        if splits_at_spaces(self.tokenizer):
            return WordEncoder(self.tokenizer)
        return ByteEncoder(self.tokenizer) if is_of_bytes(self.tokenizer) else None

    def _tokens(self, texts: Sequence[str]) -> RaggedColumn:
        """Returns the tokens of each text, untruncated."""
        size = sum(map(len, texts))
        if size >= _MANY_CHARACTERS:
            logger.info("tokenizing %d million characters", round(size / 1e6))
        if self._faster is not None:
            return self._faster.encode(texts)
        return encode_texts(self.tokenizer, texts)

    def _inputs(self, texts: Sequence[str]) -> RaggedColumn:
        return self._tokens(texts).cut(self.max_length, pad_value=self.pad_id)

    def _prompts(self, texts: Sequence[str]) -> RaggedColumn:
        tokens = self._tokens(texts)
        _, after = ids_around(self.tokenizer)
        if after:  # A text that goes on has no end.
            tokens = tokens.without_end(len(after))
        return tokens.last(self.max_length, pad_value=self.pad_id)

    def _words(self, texts: Sequence[Sequence[str]]) -> Columns:
        ids, words = self._tokens_of_words(texts)
        sizes = torch.tensor([*map(len, texts)], dtype=torch.int64)
        before = (sizes.cumsum(0) - sizes).repeat_interleave(ids.lengths)
        numbers = RaggedColumn((words - before + 1).clamp(min=0), ids.lengths)
        return {
            "input_ids": ids.cut(self.max_length, pad_value=self.pad_id),
            WORDS: numbers.cut(self.max_length, pad_value=0),
            NUM_WORDS: sizes,
        }

    def _tagged(self, dataset: TaggedTexts, label_ids: LabelIds) -> Columns:
        """Encodes tagged tokens; the first piece of a token has the token's label."""
        tokens, labels = dataset.columns["tokens"], dataset.columns["labels"]
        ids, words = self._tokens_of_words(tokens)
        # The last one is for pieces whose word number is -1.
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
        ids: list[RaggedColumn] = []
        numbers = [torch.empty(0, dtype=torch.int64)]
        start = 0
        # In parts, because a tokenizer stores far more for each token than its id.
        for first in range(0, len(texts), _TEXTS_AT_ONCE):
            run = texts[first : first + _TEXTS_AT_ONCE]
            encodings = self.tokenizer.encode_batch(run, is_pretokenized=True)
            words: list[int] = []
            for encoding, text in zip(encodings, run, strict=True):
                words += _first_pieces(encoding, start)
                start += len(text)
            ids.append(to_ragged([encoding.ids for encoding in encodings]))
            numbers.append(torch.tensor(words, dtype=torch.int64))
        return join_ragged(ids), torch.cat(numbers)

    def _blocks(self, dataset: PlainTexts) -> Columns:
        """Joins texts, each followed by a padding token, and cuts them into blocks."""
        values = self._tokens(dataset.columns["text"]).ended_by(self.pad_id).values
        return {
            "input_ids": cut_into_blocks(values, self.max_length, self.pad_id),
            "labels": cut_into_blocks(values, self.max_length, IGNORED_LABEL),
        }

    def _pairs(self, dataset: TextPairs) -> Columns:
        """Encodes both texts; the target ids, with an end token, are the labels."""
        targets = self._tokens(dataset.columns["target"])
        targets = targets.cut(self.max_length - 1, pad_value=IGNORED_LABEL)
        return {
            "input_ids": self._inputs(dataset.columns["text"]),
            "labels": targets.ended_by(self.pad_id),
        }


def _ids_of_tags(
    labels: Sequence[Sequence[int | str]], label_ids: LabelIds
) -> list[int]:
    """Returns the label ids of all texts, concatenated."""
    try:
        return label_ids(list(chain.from_iterable(labels)))
    except BadSampleError as error:
        ends = accumulate(map(len, labels))
        sample = next(row for row, end in enumerate(ends) if error.sample < end)
        raise BadSampleError(sample, error.reason) from error


def _first_pieces(encoding: Encoding, start: int) -> list[int]:
    """Returns the word number, from `start`, at each word's first piece, else -1."""
    found: list[int] = []
    before: int | None = None
    for word in encoding.word_ids:
        is_first = word is not None and word != before
        found.append(start + word if word is not None and is_first else -1)
        before = word
    return found
