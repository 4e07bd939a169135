"""Tokenizes word by word, remembering words, where that gives what texts as a whole do.

Words of a language repeat: most of a text is then looked up, which takes a tenth of the
time that tokenizing it again does.
"""

from collections.abc import Sequence

import numpy as np
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from oumi_runtime.builders.joined_words import JoinedWords, join_ragged
from oumi_runtime.builders.word_splitting import (
    Numbers,
    flat,
    split_by_arrow,
    split_texts,
)
from oumi_runtime.core.datasets import RaggedColumn

# Arrow splits faster, but takes a tenth of a second to be imported.
_MANY_TEXTS = 4000
# Some 20 MB.
MAX_WORDS = 100_000
_TEXTS_AT_ONCE = 4096
# The rows of what begins and what ends a text.
_BEGIN, _END = 0, 1


class WordEncoder:
    """A tokenizer whose tokens of a text are those of its words, in their order."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        """Takes the tokenizer, which `splits_at_spaces` is true of."""
        self._new_words = JoinedWords(tokenizer)
        begin, end = _around(tokenizer)
        self._around = RaggedColumn(
            torch.tensor([*begin, *end], dtype=torch.int32),
            torch.tensor([len(begin), len(end)]),
        )
        self._forget()

    def _forget(self) -> None:
        self._rows = _Rows()
        self._known = self._around

    def encode(self, texts: Sequence[str]) -> RaggedColumn:
        """The token ids of each text, with those that begin and end it."""
        split = split_by_arrow if len(texts) >= _MANY_TEXTS else split_texts
        parts = [
            self._tokens(*self._look_up(*split(texts[first:last])))[0]
            for first, last in _runs(len(texts))
        ]
        return join_ragged(parts)

    def encode_words(
        self, rows: Sequence[Sequence[str]]
    ) -> tuple[RaggedColumn, torch.Tensor]:
        """The token ids of texts that are words already.

        Returns:
            The ids of each text; and for each of them the number of its word among the
            words of all texts, where it is the first of that word, else -1:
            (tokens,) int64.
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
        """The row of each word of some texts, and how many words each text has."""
        if len(self._rows) > MAX_WORDS:
            self._forget()
        rows = np.fromiter(map(self._rows.__getitem__, words), np.int64, len(words))
        self._learn(self._rows.taken_new())
        all_rows = rows if places is None else rows[places]
        return torch.from_numpy(all_rows), torch.from_numpy(sizes)

    def _tokens(
        self, rows: torch.Tensor, sizes: torch.Tensor
    ) -> tuple[RaggedColumn, torch.Tensor]:
        """The token ids of each text, and how many each word has, its ends included."""
        last = (sizes + 2).cumsum(0) - 1
        with_ends = torch.full((len(rows) + 2 * len(sizes),), _BEGIN)
        with_ends[last] = _END
        # A word stands behind both ends of each text before it, and one beginning.
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
    """The row of each word; one that is asked for the first time gets the next."""

    def __init__(self) -> None:
        super().__init__()
        self._new: list[str] = []

    def __missing__(self, word: str) -> int:
        row = self[word] = len(self) + 2
        self._new.append(word)
        return row

    def taken_new(self) -> list[str]:
        """The words that got a row since the last call, in the order of their rows."""
        new, self._new = self._new, []
        return new


def splits_at_spaces(tokenizer: Tokenizer) -> bool:
    """Whether the tokens of a text are those of its words, whatever stands around them.

    It is so for WordPiece behind the normalizer and the splitting of BERT: they look at
    no character beyond a space. Added tokens must hold none, and take none with them.
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


def _around(tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """The ids that the tokenizer puts before and after a text."""
    encoding = tokenizer.encode("a")
    is_special = [*map(bool, encoding.special_tokens_mask)]
    num_before = is_special.index(False) if False in is_special else len(is_special)
    num_after = is_special[::-1].index(False) if False in is_special else 0
    ids = encoding.ids
    return ids[:num_before], ids[len(ids) - num_after :]


def _runs(num_texts: int) -> list[tuple[int, int]]:
    return [
        (first, min(first + _TEXTS_AT_ONCE, num_texts))
        for first in range(0, num_texts, _TEXTS_AT_ONCE)
    ]


def _word_numbers(
    texts: Sequence[Sequence[str]], lengths: torch.Tensor, start: int
) -> torch.Tensor:
    """See `WordEncoder.encode_words`; `lengths` are those of words and of both ends."""
    numbers: list[int] = []
    for text in texts:
        numbers += [-1, *range(start, start + len(text)), -1]
        start += len(text)
    has_tokens = lengths > 0
    firsts = (lengths.cumsum(0) - lengths)[has_tokens]
    found = torch.full((int(lengths.sum()),), -1)
    found[firsts] = torch.tensor(numbers)[has_tokens]
    return found
