"""Words tokenized many to a text have the tokens that each has by itself."""

import random
import string
from typing import Any

import pytest
from tokenizers import Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import WordPiece

from oumi_runtime.builders.tokenizing.joined_words import JoinedWords
from oumi_runtime.builders.tokenizing.word_encoder import splits_at_spaces

LETTERS = [*"abcABC019éÉßİ\u0131\u017fŉǅøЖёйҰ"]
SIGNS = [*"#_-'.,<[]|\"\\^`~"]
ODD = [*"\t\x00\u00a0\u0301\u200b\u0482\u00d7ªµ\u02bcΣ中가ﬁ😀", "[UNK]", "##a"]


def vocabulary(prefix: str, unknown: str) -> dict[str, int]:
    ends = [*"abc019es#_-'.,жеио", "ab", "#a"]
    tokens = [unknown, *ends, *(prefix + end for end in ends), "[CLS]"]
    return {token: number for number, token in enumerate(dict.fromkeys(tokens))}


def wordpiece(
    prefix: str = "##", unknown: str = "[UNK]", added: str = "", **normalizer: bool
) -> Tokenizer:
    model = WordPiece(
        vocabulary(prefix, unknown),
        unk_token=unknown,
        continuing_subword_prefix=prefix,
        max_input_chars_per_word=20,
    )
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer(**normalizer)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(["[UNK]", "[CLS]"])
    tokenizer.add_tokens(added.split())
    return tokenizer


TOKENIZERS = {
    "usual": wordpiece(),
    "cased": wordpiece(lowercase=False, strip_accents=False),
    "raw": wordpiece(clean_text=False, handle_chinese_chars=False),
    "other prefix": wordpiece(""),
    "one sign as prefix": wordpiece("#"),
    "no prefix": wordpiece(""),
    "unknown goes on, a word added": wordpiece(unknown="##unk", added="b"),
    "a word added": wordpiece(added="ab"),
    "a word with an accent added": wordpiece(added="é"),
    "two parts and a word added": wordpiece(added="a-é b"),
    "a sign added": wordpiece(added="_"),
}


@pytest.fixture(params=TOKENIZERS)
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return TOKENIZERS[request.param]


class Counting:
    """A tokenizer that counts the texts it is given."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.count = 0

    def encode_batch_fast(self, texts: Any, **options: Any) -> Any:
        self.count += len(texts)
        return self.tokenizer.encode_batch_fast(texts, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.tokenizer, name)


def words(pieces: list[str], count: int = 2000) -> list[str]:
    draw = random.Random(0)
    return [
        "".join(draw.choices(pieces, k=draw.randrange(0, 8))) for _ in range(count)
    ] + ["", "a" * 21, "-" * 21]


def assert_as_one_by_one(tokenizer: Tokenizer, given: list[str]) -> None:
    found = JoinedWords(tokenizer).encode(given)
    rows = found.values.split(found.lengths.tolist())
    for word, row in zip(given, rows, strict=True):
        assert row.tolist() == tokenizer.encode(word, add_special_tokens=False).ids, (
            repr(word)
        )


@pytest.mark.parametrize(
    "pieces",
    [LETTERS, LETTERS + SIGNS, LETTERS + SIGNS + ODD],
    ids=["letters", "signs", "odd"],
)
def test_the_tokens_are_those_of_each_word(tokenizer, pieces):
    assert splits_at_spaces(tokenizer)
    assert_as_one_by_one(tokenizer, words(pieces))


@pytest.mark.parametrize("name", ["usual", "cased", "raw"])
def test_of_no_character_too_many_or_too_few_parts_are_counted(name):
    characters = [*map(chr, range(0x2100)), "\u3000", "\uff21"]
    counting: Any = Counting(TOKENIZERS[name])
    given = [word for each in characters for word in (each, f"a{each}b") if each != " "]
    assert_as_one_by_one(counting, given)
    # Else they would have been tokenized one by one as well.
    assert counting.count < len(given)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("two parts and a word added", ["a-e", "cbc", "a"]),
        ("unknown goes on, a word added", ["z", "z", "cbc"]),
    ],
)
def test_parts_that_are_missing_are_not_made_up_for_by_others(name, given):
    assert_as_one_by_one(TOKENIZERS[name], given)


@pytest.mark.parametrize("name", ["other prefix", "unknown goes on, a word added"])
def test_words_that_cannot_be_told_apart_are_not_joined_first(name):
    counting: Any = Counting(TOKENIZERS[name])
    JoinedWords(counting).encode(["abc", "a", "b"])
    assert counting.count == 3


def test_plain_words_go_many_to_a_text():
    counting: Any = Counting(TOKENIZERS["usual"])
    plain = ["don't", "Ünïcode", "слово", "a_b", *string.ascii_letters] * 20
    JoinedWords(counting).encode([*plain, "中", *plain])
    assert counting.count == -(-2 * len(plain) // 64) + 1


def test_no_words_have_no_tokens(tokenizer):
    found = JoinedWords(tokenizer).encode([])
    assert (len(found), len(found.values)) == (0, 0)
