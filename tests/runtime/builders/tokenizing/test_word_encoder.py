"""Tokens that are remembered word by word are those of the text as a whole."""

import pickle
import random

import pytest
import torch
from tokenizers import AddedToken, Tokenizer, normalizers
from tokenizers.models import BPE
from tokenizers.processors import TemplateProcessing

from oumi_runtime.builders.tokenizing import word_encoder
from oumi_runtime.builders.tokenizing.own_tokenizers import (
    bytes_tokenizer,
    train_wordpiece,
)
from oumi_runtime.builders.tokenizing.word_encoder import WordEncoder, splits_at_spaces

# Spaces of all kinds, accents apart and in place, letters that change their number when
# lower-cased or taken apart, and what a tokenizer gives a meaning to.
PIECES = [
    *"abcABC019 .,!?-_'\"[]()#",
    *" \t\n\r\u00a0\u2003\u3000\x0b\x1c\x00\ufffd\u200b\u200d\ufeff",
    *"éÉe\u0301\u0327\u0308ß\u0130\u0131\u03a3\u03c3\u03c2\ufb01가\u1100\u1161中文日😀👩\u200d👧",
    *("  ", " \n ", "[PAD]", "[UNK]", "[pad]", "##a", "is", "the", "x" * 120),
]


def texts(count: int = 1500) -> list[str]:
    draw = random.Random(0)
    return [
        "".join(draw.choices(PIECES, k=draw.randrange(12))) for _ in range(count)
    ] + ["", " "]


def wordpiece(**normalizer) -> Tokenizer:
    tokenizer = train_wordpiece(texts(), 300)
    if normalizer:
        tokenizer.normalizer = normalizers.BertNormalizer(**normalizer)
    return tokenizer


def with_ends(tokenizer: Tokenizer) -> Tokenizer:
    tokenizer.add_special_tokens(["[CLS]", "[SEP]"])
    ids = [(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP] [SEP]", special_tokens=ids
    )
    return tokenizer


TOKENIZERS = {
    "ours": wordpiece,
    "cased": lambda: wordpiece(lowercase=False, strip_accents=False),
    "raw": lambda: wordpiece(clean_text=False, handle_chinese_chars=False),
    "ends": lambda: with_ends(wordpiece()),
}


@pytest.fixture(params=TOKENIZERS)
def tokenizer(request) -> Tokenizer:
    return TOKENIZERS[request.param]()


def rows_of(column) -> list[list[int]]:
    return [part.tolist() for part in column.values.split(column.lengths.tolist())]


@pytest.mark.parametrize("many", [0, 10**9], ids=["arrow", "python"])
@pytest.mark.parametrize("max_words", [word_encoder.MAX_WORDS, 40])
def test_the_tokens_are_those_of_the_whole_text(
    tokenizer, max_words, many, monkeypatch
):
    monkeypatch.setattr(word_encoder, "_MANY_TEXTS", many)
    monkeypatch.setattr(word_encoder, "MAX_WORDS", max_words)
    monkeypatch.setattr(word_encoder, "_TEXTS_AT_ONCE", 100)
    assert splits_at_spaces(tokenizer)
    encoder = WordEncoder(tokenizer)
    for _ in range(2):
        for text, row in zip(texts(), rows_of(encoder.encode(texts())), strict=True):
            assert row == tokenizer.encode(text).ids, repr(text)


def test_the_tokens_of_words_say_which_word_they_begin(tokenizer, monkeypatch):
    monkeypatch.setattr(word_encoder, "_TEXTS_AT_ONCE", 7)
    rows = [texts()[first : first + first % 5] for first in range(60)]
    tokens, words = WordEncoder(tokenizer).encode_words(rows)
    expected: list[int] = []
    start = 0
    for row, encoding in zip(
        rows, tokenizer.encode_batch(rows, is_pretokenized=True), strict=True
    ):
        before: int | None = None
        for word in encoding.word_ids:
            is_first = word is not None and word != before
            expected.append(start + word if is_first else -1)
            before = word
        start += len(row)
    assert words.tolist() == expected
    assert rows_of(tokens) == [
        each.ids for each in tokenizer.encode_batch(rows, is_pretokenized=True)
    ]


def test_words_are_forgotten_before_they_fill_the_memory(monkeypatch):
    monkeypatch.setattr(word_encoder, "MAX_WORDS", 50)
    encoder = WordEncoder(wordpiece())
    for number in range(40):
        encoder.encode([f"w{number * 10 + each}" for each in range(10)])
    assert len(encoder._rows) < 70
    assert len(encoder._rows) + 2 == len(encoder._known)


def test_a_worker_gets_an_encoder_that_works():
    encoder = WordEncoder(wordpiece())
    encoder.encode(["the word is"])
    other = pickle.loads(pickle.dumps(encoder))
    found = rows_of(other.encode(["a new word is"]))
    assert found == [wordpiece().encode("a new word is").ids]


def test_nothing_gives_no_row():
    encoder = WordEncoder(wordpiece())
    assert len(encoder.encode([])) == 0
    tokens, words = encoder.encode_words([])
    assert len(tokens) == 0
    assert words.equal(torch.zeros(0, dtype=torch.int64))


def stripped() -> Tokenizer:
    tokenizer = wordpiece()
    tokenizer.add_tokens([AddedToken("<x>", lstrip=True)])
    return tokenizer


def two_words() -> Tokenizer:
    tokenizer = wordpiece()
    tokenizer.add_tokens([AddedToken("New York")])
    return tokenizer


def other_splitting() -> Tokenizer:
    tokenizer = wordpiece()
    tokenizer.pre_tokenizer = bytes_tokenizer().pre_tokenizer
    return tokenizer


def other_normalizer() -> Tokenizer:
    tokenizer = wordpiece()
    tokenizer.normalizer = normalizers.Sequence([normalizers.Strip()])
    return tokenizer


@pytest.mark.parametrize(
    "make",
    [
        bytes_tokenizer,
        lambda: Tokenizer(BPE()),
        stripped,
        two_words,
        other_splitting,
        other_normalizer,
    ],
)
def test_a_tokenizer_that_looks_beyond_a_word_is_left_alone(make):
    assert not splits_at_spaces(make())
