"""Tokenizes word by word with a cache, if the tokens are the same as for whole texts.

Words repeat often, so most of a text is found in the cache, in a tenth of the time that
tokenizing takes.
"""

from collections.abc import Sequence

import numpy as np
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from oumi_runtime.builders.tokenizing.joined_words import JoinedWords, join_ragged
from oumi_runtime.builders.tokenizing.special_ids import ids_around
from oumi_runtime.builders.tokenizing.word_splitting import (
    Numbers,
    flat,
    split_by_arrow,
    split_texts,
)
from oumi_runtime.core.datasets import RaggedColumn

# Arrow splits faster, but takes a tenth of a second to import.
_MANY_TEXTS = 4000
# About 20 MB.
MAX_WORDS = 100_000
_TEXTS_AT_ONCE = 4096
# The rows of the tokens that begin and end a text.
_BEGIN, _END = 0, 1


class WordEncoder:
    """A tokenizer that encodes a text as the concatenated tokens of its words."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        """Initializes it from a tokenizer for which `splits_at_spaces` is true."""
        self._new_words = JoinedWords(tokenizer)
        begin, end = ids_around(tokenizer)
        self._around = RaggedColumn(
            torch.tensor([*begin, *end], dtype=torch.int32),
            torch.tensor([len(begin), len(end)]),
        )
        self._forget()

    def _forget(self) -> None:
        self._rows = _Rows()
        self._known = self._around

    def encode(self, texts: Sequence[str]) -> RaggedColumn:
        """Returns the token ids of each text, including begin and end tokens."""
        split = split_by_arrow if len(texts) >= _MANY_TEXTS else split_texts
        parts = [
            self._tokens(*self._look_up(*split(texts[first:last])))[0]
            for first, last in _runs(len(texts))
        ]
        return join_ragged(parts)

    def encode_words(
        self, rows: Sequence[Sequence[str]]
    ) -> tuple[RaggedColumn, torch.Tensor]:
        """Returns the token ids of texts that are already split into words.

        Returns:
            The ids of each text; and for the first token of each word, the word's
            number among the words of all texts, for other tokens -1: (tokens,) int64.
        """
        parts: list[RaggedColumn] = []
        firsts: list[torch.Tensor] = []
        num_words = 0
        for first, last in _runs(len(rows)):
            run = rows[first:last]
            tokens, lengths = self._tokens(*self._look_up(*flat(run)))
            parts.append(tokens)
            firsts.append(_word_numbers(run, lengths, num_words))
            num_words += sum(map(len, run))
        return join_ragged(parts), torch.cat(
            [torch.zeros(0, dtype=torch.int64), *firsts]
        )

    def _look_up(
        self, words: Sequence[str], places: Numbers | None, sizes: Numbers
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns the row of each word, and the number of words in each text."""
        if len(self._rows) > MAX_WORDS:
            self._forget()
        rows = np.fromiter(map(self._rows.__getitem__, words), np.int64, len(words))
        self._learn(self._rows.taken_new())
        all_rows = rows if places is None else rows[places]
        return torch.from_numpy(all_rows), torch.from_numpy(sizes)

    def _tokens(
        self, rows: torch.Tensor, sizes: torch.Tensor
    ) -> tuple[RaggedColumn, torch.Tensor]:
        """Returns the ids of each text, and the lengths of its words and both ends."""
        last = (sizes + 2).cumsum(0) - 1
        with_ends = torch.full((len(rows) + 2 * len(sizes),), _BEGIN)
        with_ends[last] = _END
        # Each word comes after two end rows per earlier text, and its own begin row.
        shifts = torch.arange(1, 2 * len(sizes), 2).repeat_interleave(sizes)
        with_ends[torch.arange(len(rows)) + shifts] = rows
        found = self._known.select(with_ends)
        ends = found.lengths.cumsum(0)[last]
        lengths = ends.diff(prepend=torch.zeros(1, dtype=torch.int64))
        return RaggedColumn(found.values, lengths), found.lengths

    def _learn(self, words: list[str]) -> None:
        if words:
            self._known = join_ragged([self._known, self._new_words.encode(words)])


class _Rows(dict[str, int]):
    """The row of each word; a new word gets the next row."""

    def __init__(self) -> None:
        super().__init__()
        self._new: list[str] = []

    def __missing__(self, word: str) -> int:
        row = self[word] = len(self) + 2
        self._new.append(word)
        return row

    def taken_new(self) -> list[str]:
        """Returns the words added since the last call, in the order of their rows."""
        new, self._new = self._new, []
        return new


def splits_at_spaces(tokenizer: Tokenizer) -> bool:
    """Whether the tokens of a text are always those of its words, in order.

    This holds for WordPiece with BERT's normalizer and pre-tokenizer, which do not look
    past a space. Added tokens must contain no spaces, and strip none.
    """
    added = tokenizer.get_added_tokens_decoder().values()
    return (
        isinstance(tokenizer.model, WordPiece)
        and isinstance(tokenizer.normalizer, BertNormalizer)
        and isinstance(tokenizer.pre_tokenizer, BertPreTokenizer)
        and not any(
            each.lstrip or each.rstrip or each.content != "".join(each.content.split())
            for each in added
        )
    )


def _runs(num_texts: int) -> list[tuple[int, int]]:
    return [
        (first, min(first + _TEXTS_AT_ONCE, num_texts))
        for first in range(0, num_texts, _TEXTS_AT_ONCE)
    ]


def _word_numbers(
    texts: Sequence[Sequence[str]], lengths: torch.Tensor, start: int
) -> torch.Tensor:
    """See `WordEncoder.encode_words`; `lengths` are of all words and both ends."""
    numbers: list[int] = []
    for text in texts:
        numbers += [-1, *range(start, start + len(text)), -1]
        start += len(text)
    has_tokens = lengths > 0
    firsts = (lengths.cumsum(0) - lengths)[has_tokens]
    found = torch.full((int(lengths.sum()),), -1)
    found[firsts] = torch.tensor(numbers)[has_tokens]
    return found
