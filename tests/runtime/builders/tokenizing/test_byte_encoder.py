"""Ids of bytes from a table are those that the tokenizer gives."""

import pytest
from tokenizers import Tokenizer, normalizers

from oumi_runtime.builders.tokenizing.byte_encoder import ByteEncoder, is_of_bytes
from oumi_runtime.builders.tokenizing.own_tokenizers import (
    bytes_tokenizer,
    train_wordpiece,
)

TEXTS = [
    "the cat",
    "",
    "\x00\x7f\u0080\u07ff\u0800\uffff",
    "größer 猫 🐈 \U0010ffff",
    " \n\t",
]


@pytest.mark.parametrize("texts", [TEXTS, [], [""], ["[PAD] and [UNK]"]])
def test_the_ids_are_those_of_the_tokenizer(texts: list[str]) -> None:
    tokenizer = bytes_tokenizer()
    column = ByteEncoder(tokenizer).encode(texts)
    expected = [tokenizer.encode(text).ids for text in texts]
    assert column.lengths.tolist() == [len(ids) for ids in expected]
    assert column.values.tolist() == [each for ids in expected for each in ids]


def test_every_character_has_the_bytes_that_the_tokenizer_finds() -> None:
    tokenizer = bytes_tokenizer()
    everything = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))
    column = ByteEncoder(tokenizer).encode([everything])
    assert column.values.tolist() == tokenizer.encode(everything).ids


def test_it_is_for_the_tokenizer_of_bytes_alone() -> None:
    loaded = Tokenizer.from_str(bytes_tokenizer().to_str())
    assert is_of_bytes(loaded)
    loaded.normalizer = normalizers.Lowercase()
    assert not is_of_bytes(loaded)
    assert not is_of_bytes(train_wordpiece(["a text of some words"] * 3, 40))
