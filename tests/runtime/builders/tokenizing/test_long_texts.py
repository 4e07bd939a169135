"""A long text is tokenized in parts, and its tokens are those of the whole."""

import random
from typing import Any

import pytest
from tokenizers import Regex, Tokenizer, models, normalizers, processors, trainers
from tokenizers import pre_tokenizers as pre

from oumi_runtime.builders.tokenizing import long_texts, text_encoder
from oumi_runtime.builders.tokenizing.long_texts import encode_texts
from oumi_runtime.builders.tokenizing.own_tokenizers import bytes_tokenizer
from oumi_runtime.builders.tokenizing.text_encoder import TextEncoder
from oumi_runtime.core.datasets import PlainTexts, TaggedTexts

# As OpenAI's newer vocabularies and Llama 3 have it: signs take line ends along.
NEWER = (
    r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
SPLITTERS: dict[str, Any] = {
    "gpt2": pre.ByteLevel(add_prefix_space=False),
    "newer": pre.Sequence(
        [
            pre.Split(Regex(NEWER), "isolated"),
            pre.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    ),
    "whitespace": pre.Whitespace(),
    "prefix": pre.ByteLevel(add_prefix_space=True),
    "metaspace": pre.Metaspace(),
    "lines": pre.Split(Regex(r"[^,]+"), "isolated"),
    "none": None,
}
CUT = {"gpt2", "newer", "whitespace"}


def made_text(size: int) -> str:
    draws = random.Random(0)
    words = ["one", "Two", "3", "4567", "été", "don't", "end.", "(so)", "日本", "x_y"]
    ends = [" ", " ", " ", "  ", "\n", "\n", "\n\n", " \n", "\n ", "\r\n", ".\n", "\t"]
    parts = (draws.choice(words) + draws.choice(ends) for _ in range(size))
    return "".join(parts)


TEXT = made_text(3000)


def tokenizer_with(splitter: Any) -> Tokenizer:
    """A BPE tokenizer, trained on the text, that merges whatever stays together."""
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    if splitter is not None:
        tokenizer.pre_tokenizer = splitter
    tokenizer.train_from_iterator(
        TEXT.splitlines(keepends=True),
        trainers.BpeTrainer(
            vocab_size=400,
            show_progress=False,
            special_tokens=["[UNK]", "[CLS]", "[SEP]"],
            initial_alphabet=pre.ByteLevel.alphabet(),
        ),
    )
    return tokenizer


class Watched:
    """A tokenizer that notes what it encodes at once."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self.batches: list[list[str]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)

    def encode_batch_fast(self, texts: list[str], **options: Any) -> Any:
        self.batches.append(list(texts))
        return self._tokenizer.encode_batch_fast(texts, **options)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(long_texts, "_PART_CHARACTERS", 500)
    monkeypatch.setattr(long_texts, "_CHARACTERS_AT_ONCE", 2000)
    monkeypatch.setattr(long_texts, "_PARTS_AT_ONCE", 4)


@pytest.mark.parametrize("kind", SPLITTERS)
def test_the_tokens_are_those_of_the_whole_text(kind):
    watched: Any = Watched(tokenizer_with(SPLITTERS[kind]))
    found = encode_texts(watched, [TEXT])
    assert found.values.tolist() == watched.encode(TEXT).ids
    assert found.lengths.tolist() == [len(found.values)]
    longest = max(sum(map(len, batch)) for batch in watched.batches)
    assert (longest < len(TEXT) / 2) == (kind in CUT)
    if kind in CUT:
        assert longest < 4 * 700
        assert "".join(part for batch in watched.batches for part in batch) == TEXT


def test_a_text_is_not_cut_by_a_tokenizer_that_counts_characters():
    tokenizer = tokenizer_with(pre.FixedLength(8))
    found = encode_texts(tokenizer, [TEXT])
    assert found.values.tolist() == tokenizer.encode(TEXT).ids


@pytest.mark.parametrize("kind", ["gpt2", "metaspace"])
def test_it_is_told_if_a_huge_text_cannot_be_cut(kind, monkeypatch, caplog):
    monkeypatch.setattr(long_texts, "_MANY_CHARACTERS", 5000)
    encode_texts(tokenizer_with(SPLITTERS[kind]), [TEXT])
    said = [message for message in caplog.messages if "stream: true" in message]
    assert len(said) == (kind == "metaspace")


def test_the_whole_text_has_special_tokens_once():
    tokenizer = tokenizer_with(pre.ByteLevel(add_prefix_space=False))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    ids = encode_texts(tokenizer, [TEXT]).values.tolist()
    assert ids == tokenizer.encode(TEXT).ids
    assert (ids[0], ids[-1], ids.count(1)) == (1, 2, 1)


def test_many_texts_are_encoded_some_at_a_time():
    watched: Any = Watched(tokenizer_with(pre.ByteLevel(add_prefix_space=False)))
    texts = [TEXT[:900]] * 9 + ["", "short"] + [TEXT] + ["last"] * 3
    found = encode_texts(watched, texts)
    rows = found.values.split(found.lengths.tolist())
    assert [row.tolist() for row in rows] == [watched.encode(t).ids for t in texts]
    assert max(sum(map(len, batch)) for batch in watched.batches) < 4 * 700
    assert encode_texts(watched, []).lengths.tolist() == []


def test_it_is_said_that_many_texts_are_tokenized(monkeypatch, caplog):
    monkeypatch.setattr(text_encoder, "_MANY_CHARACTERS", 2_000_000)
    caplog.set_level("INFO", "oumi_runtime")
    encoder = TextEncoder(bytes_tokenizer(), 9, 0)
    for text, said in (("é" * 1_999_999, []), ("é" * 2_000_000, ["2"])):
        caplog.clear()
        encoder.encode(PlainTexts([text]), list)
        assert [m.split()[1] for m in caplog.messages] == said


def test_tagged_texts_are_encoded_some_at_a_time(monkeypatch):
    tokenizer = tokenizer_with(pre.ByteLevel(add_prefix_space=True))
    words = [line.split() for line in TEXT.splitlines() if line.split()][:50]
    tagged = TaggedTexts(words, [[n % 3 for n in range(len(row))] for row in words])
    encoder = TextEncoder(tokenizer, 99, 0)
    whole = encoder.encode(tagged, list)
    monkeypatch.setattr(text_encoder, "_TEXTS_AT_ONCE", 7)
    parts = encoder.encode(tagged, list)
    for name in ("input_ids", "labels"):
        assert parts[name].values.tolist() == whole[name].values.tolist()
        assert parts[name].lengths.tolist() == whole[name].lengths.tolist()
    assert {0, 1, 2, -100} == {*parts["labels"].values.tolist()}
