"""Tokenizers: trained, of bytes, and those that exist."""

import socket
import time

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from oumi_runtime.builders import build_tokenizer
from oumi_runtime.builders.tokenizing.tokenizers import build_padded_tokenizer
from oumi_runtime.core.configs import ModelParams
from oumi_runtime.exceptions import DataError

TEXTS = ["the cat sat on the mat", "the dog sat", "Émile ate 12 eggs!", "日本 語"] * 3


def trained(vocab_size: int = 100) -> Tokenizer:
    return build_tokenizer(ModelParams(), texts=TEXTS, vocab_size=vocab_size)


def saved(tmp_path, **options) -> str:
    """A tokenizer.json of the words of a sentence, in a folder."""
    words = ["<pad>", "<unk>", "the", "cat", "sat"]
    tokenizer = Tokenizer(
        models.WordLevel({word: index for index, word in enumerate(words)}, "<unk>")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    if options.get("padding"):
        tokenizer.enable_padding(length=9)
        tokenizer.enable_truncation(2)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    return str(tmp_path)


@pytest.mark.parametrize("size", [32, 48, 100, 1000])
def test_a_trained_vocabulary_fits_the_model(size):
    tokenizer = trained(size)
    ids = [i for text in TEXTS for i in tokenizer.encode(text).ids]
    assert tokenizer.get_vocab_size() <= size
    assert 0 < min(ids) <= max(ids) < size
    assert sorted(tokenizer.get_vocab().values()) == list(
        range(tokenizer.get_vocab_size())
    )
    assert tokenizer.token_to_id("[PAD]") == 0


def test_texts_of_the_training_split_come_back_in_lower_case():
    tokenizer = trained(200)
    assert tokenizer.decode(tokenizer.encode("The cat sat").ids) == "the cat sat"
    assert tokenizer.encode("").ids == []


def test_texts_without_any_character_leave_a_small_vocabulary():
    tokenizer = build_tokenizer(ModelParams(), texts=["", " "], vocab_size=40)
    assert tokenizer.encode("cat").tokens == ["[UNK]"]


@pytest.mark.parametrize(
    ("texts", "size", "sentence"),
    [
        (TEXTS, 10, "the model takes 10 token ids, too few"),
        (TEXTS, None, "and a model with an nn.Embedding"),
        ([], 100, "training a vocabulary needs texts"),
    ],
)
def test_a_vocabulary_that_cannot_be_trained_is_refused(texts, size, sentence):
    with pytest.raises(DataError, match=sentence):
        build_tokenizer(ModelParams(), texts=texts, vocab_size=size)


@pytest.mark.parametrize(
    "text", ["plain", "", " two  spaces ", "ünï 日本 🎉\n\t\x00", "[PAD] and [UNK] <s>"]
)
def test_bytes_come_back_as_they_were(text):
    tokenizer = build_tokenizer(ModelParams(tokenizer_name="bytes"), vocab_size=258)
    ids = tokenizer.encode(text).ids
    assert len(ids) == len(text.encode("utf-8"))
    assert all(2 <= index < 258 for index in ids)
    assert tokenizer.decode(ids, skip_special_tokens=False) == text


@pytest.mark.parametrize("ending", ["", "/tokenizer.json"])
def test_a_folder_or_file_with_a_tokenizer_is_loaded(tmp_path, ending):
    name = saved(tmp_path) + ending
    tokenizer = build_tokenizer(ModelParams(tokenizer_name=name), vocab_size=5)
    assert tokenizer.encode("the cat sat down").ids == [2, 3, 4, 1]


def test_a_loaded_tokenizer_neither_pads_nor_cuts(tmp_path):
    name = saved(tmp_path, padding=True)
    tokenizer = build_tokenizer(ModelParams(tokenizer_name=name), vocab_size=5)
    assert tokenizer.encode("the cat sat").ids == [2, 3, 4]


@pytest.mark.parametrize(("given", "size"), [("bytes", 257), (None, 4)])
def test_a_tokenizer_that_is_too_large_for_the_model_is_refused(tmp_path, given, size):
    params = ModelParams(tokenizer_name=given or saved(tmp_path))
    with pytest.raises(
        DataError, match=rf"has {size + 1} tokens, but .* takes {size} ids"
    ):
        build_tokenizer(params, vocab_size=size)
    build_tokenizer(params, vocab_size=size + 1)


def test_a_damaged_tokenizer_is_refused(tmp_path):
    (tmp_path / "tokenizer.json").write_text('{"version": 1', encoding="utf-8")
    with pytest.raises(DataError, match=r"tokenizer\.json is not a tokenizer"):
        build_tokenizer(ModelParams(tokenizer_name=str(tmp_path)))


@pytest.mark.parametrize("name", ["byte", "no-such/tokenizer", "./nowhere", "a b/c/d"])
def test_an_unknown_name_is_refused_at_once_without_a_network(name, monkeypatch):
    def no_network(*args: object, **kwargs: object) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
    start = time.perf_counter()
    with pytest.raises(
        DataError, match=f"no tokenizer '{name}'.*give 'bytes'"
    ) as error:
        build_tokenizer(ModelParams(tokenizer_name=name))
    # Importing transformers takes a part of it.
    assert time.perf_counter() - start < 20
    assert "\n" not in str(error.value)
    if name == "byte":
        assert "did you mean 'bytes'" in str(error.value)


def transformers_tokenizer(tmp_path, **special) -> str:
    """A folder as transformers writes it: lower-cased words, `<pad>` with id 3."""
    from transformers import PreTrainedTokenizerFast

    vocabulary = {w: i for i, w in enumerate(["<unk>", "the", "cat", "<pad>", "<s>"])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, "<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    special = {"unk_token": "<unk>", "pad_token": "<pad>"} | special
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(
        tmp_path
    )
    return str(tmp_path)


def padded(name: str, **fields):
    return build_padded_tokenizer(ModelParams(tokenizer_name=name, **fields))


def test_tokenizer_pad_token_says_what_pads(tmp_path):
    name = transformers_tokenizer(tmp_path)
    assert padded(name).pad_token_id == 3
    assert padded(name, tokenizer_pad_token="<s>").pad_token_id == 4
    assert padded("bytes").pad_token_id == 0
    with pytest.raises(DataError, match=r"no token '<padd>' \(did you mean '<pad>'"):
        padded(name, tokenizer_pad_token="<padd>")


def test_a_file_that_pads_says_with_what(tmp_path):
    tokenizer = Tokenizer.from_file(saved(tmp_path) + "/tokenizer.json")
    tokenizer.enable_padding(pad_id=2, pad_token="the")
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    assert padded(str(tmp_path)).pad_token_id == 2


def test_tokenizer_kwargs_change_the_tokenizer(tmp_path):
    name = transformers_tokenizer(tmp_path)
    assert padded(name).tokenizer.encode("the cat dog").tokens[-1] == "<unk>"
    more = padded(name, tokenizer_kwargs={"extra_special_tokens": ["dog"]})
    assert more.tokenizer.encode("the cat dog").tokens[-1] == "dog"
    file = padded(saved(tmp_path), tokenizer_kwargs={"eos_token": "dog"})
    assert file.tokenizer.encode("the dog").tokens[-1] == "dog"


@pytest.mark.parametrize(
    ("kwargs", "sentence"),
    [
        ({"unk_tokn": "<unk>"}, r"unk_tokn='<unk>' changes nothing .*'unk_token'"),
        ({"model_max_length": 3}, "set model.model_max_length"),
        ({"padding_side": "left"}, "padding is on the right"),
    ],
)
def test_a_tokenizer_kwarg_without_effect_is_refused(tmp_path, kwargs, sentence):
    name = transformers_tokenizer(tmp_path)
    with pytest.raises(DataError, match=sentence):
        padded(name, tokenizer_kwargs=kwargs)


@pytest.mark.parametrize("name", ["bytes", None])
@pytest.mark.parametrize(
    "fields", [{"tokenizer_kwargs": {"a": 1}}, {"tokenizer_pad_token": "[PAD]"}]
)
def test_a_tokenizer_that_is_made_here_is_not_changed(name, fields):
    with pytest.raises(DataError, match="changes a tokenizer that exists"):
        build_tokenizer(ModelParams(tokenizer_name=name, **fields), texts=TEXTS)


def test_a_model_s_folder_brings_its_tokenizer(tmp_path):
    name = saved(tmp_path)
    tokenizer = build_tokenizer(ModelParams(model_name=name), vocab_size=5)
    assert tokenizer.encode("the cat").ids == [2, 3]
