"""Tokenizes texts of any length, a bounded number of characters at a time.

A tokenizer holds about a hundred bytes for each character of a text until it is done,
and takes far longer for one long text than for the same in parts: 20 MB took 103 s and
2 GB. Texts are cut only where the tokens of the parts are those of the whole.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice

import numpy as np
import torch
from tokenizers import Tokenizer

from oumi_runtime.builders.tokenizing.joined_words import join_ragged, to_ragged
from oumi_runtime.builders.tokenizing.special_ids import ids_around
from oumi_runtime.core.datasets import RaggedColumn
from oumi_runtime.core.log import logger

_CHARACTERS_AT_ONCE = 1 << 20
_TEXTS_AT_ONCE = 4096
_PART_CHARACTERS = 1 << 16
_PARTS_AT_ONCE = _CHARACTERS_AT_ONCE // _PART_CHARACTERS
# A single line end between words. Patterns may join it to other white space, or to
# signs before it.
_PLACE = re.compile(r"(?<=[^\W_]\n)(?=[^\W_])")
# With different divisors, in case a tokenizer cuts every so many characters.
_CHARACTERS_BEFORE = (61, 64)
_CHARACTERS_AFTER = 64
# A part from this size on is announced, with the memory that it takes.
_MANY_CHARACTERS = 10_000_000
_BYTES_A_CHARACTER = 100


def encode_texts(tokenizer: Tokenizer, texts: Sequence[str]) -> RaggedColumn:
    """Returns the ids of each text, as the tokenizer's `encode` does.

    Args:
        tokenizer: A tokenizer that neither pads nor truncates.
        texts: Texts of any length.
    """
    columns: list[RaggedColumn] = []
    for run in _runs(texts):
        if len(run) == 1 and len(run[0]) > 2 * _PART_CHARACTERS:
            columns.append(_encode_long(tokenizer, run[0]))
        else:
            encodings = tokenizer.encode_batch_fast(run)
            columns.append(to_ragged([each.ids for each in encodings]))
    return join_ragged(columns)


def _runs(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yields texts that are short enough together; a long one is alone."""
    run: list[str] = []
    size = 0
    for text in texts:
        size += len(text)
        if run and (size > _CHARACTERS_AT_ONCE or len(run) == _TEXTS_AT_ONCE):
            yield run
            run, size = [], len(text)
        run.append(text)
    if run:
        yield run


def _encode_long(tokenizer: Tokenizer, text: str) -> RaggedColumn:
    """Encodes a text in parts, if it can be cut."""
    parts = _parts(tokenizer, text)
    found: list[np.ndarray] = []
    while some := list(islice(parts, _PARTS_AT_ONCE)):
        longest = max(map(len, some))
        if longest >= _MANY_CHARACTERS:
            logger.warning(
                "a text of %d million characters cannot be cut for this tokenizer, "
                "which needs about %.0f GB for it; stream: true reads it in parts",
                longest / 1e6,
                longest * _BYTES_A_CHARACTER / 1e9,
            )
        encodings = tokenizer.encode_batch_fast(some, add_special_tokens=False)
        ids = chain.from_iterable(each.ids for each in encodings)
        found.append(np.fromiter(ids, np.int32))
    before, after = (np.array(ids, np.int32) for ids in ids_around(tokenizer))
    values = torch.from_numpy(np.concatenate([before, *found, after]))
    return RaggedColumn(values, torch.tensor([len(values)]))


def _parts(tokenizer: Tokenizer, text: str) -> Iterator[str]:
    start = 0
    for place in _places(tokenizer, text):
        yield text[start:place]
        start = place
    yield text[start:]


def _places(tokenizer: Tokenizer, text: str) -> Iterator[int]:
    """Yields where to cut a text."""
    start = _PART_CHARACTERS
    while match := _PLACE.search(text, start):
        if _can_cut(tokenizer, text, match.start()):
            yield match.start()
            start = match.start() + _PART_CHARACTERS
        else:
            # Places close to it are likely to fail for the same reason.
            start = match.start() + _PART_CHARACTERS // 8


def _can_cut(tokenizer: Tokenizer, text: str, place: int) -> bool:
    """Whether no token depends on both sides, by what is near the place."""
    if tokenizer.pre_tokenizer is None:
        return False  # The model itself sees the whole text.
    right = text[place : place + _CHARACTERS_AFTER]
    for size in _CHARACTERS_BEFORE:
        left = text[place - size : place]
        pieces = tokenizer.pre_tokenizer.pre_tokenize_str(left + right)
        if any(first < size < end for _, (first, end) in pieces):
            return False
        both, *apart = (
            tokenizer.encode(part, add_special_tokens=False).ids
            for part in (left + right, left, right)
        )
        if both != [*apart[0], *apart[1]]:
            return False
    return True
