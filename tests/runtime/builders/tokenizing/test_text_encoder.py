"""Every form of texts becomes the columns that a model of its task takes."""

import pytest
import torch
from tokenizers.processors import TemplateProcessing
from torch import nn

from oumi_runtime.builders import Preprocessing, fit_preprocessing
from oumi_runtime.builders.tokenizing.own_tokenizers import bytes_tokenizer
from oumi_runtime.core.configs import ModelParams
from oumi_runtime.core.datasets import (
    PlainTexts,
    Stream,
    StreamSource,
    TaggedTexts,
    TextColumns,
    TextDataset,
    TextPairs,
)
from oumi_runtime.exceptions import DataError

BOTH = torch.arange(2)
MODEL = nn.Sequential(nn.Embedding(300, 4))


def fit(dataset: TextColumns, **params) -> Preprocessing:
    return fit_preprocessing(dataset, ModelParams(**params), MODEL)


def batch_of(dataset: TextColumns, **params) -> dict[str, torch.Tensor]:
    columns = fit(dataset, **params).apply(dataset)
    return columns.take(torch.arange(len(columns)))


def test_the_first_piece_of_a_token_has_its_label_and_the_others_none():
    dataset = TaggedTexts([["ab", "c"], ["d"]], [["long", "short"], ["short"]])
    batch = batch_of(dataset, tokenizer_name="bytes")
    assert batch["input_ids"].shape == (2, 3)
    assert batch["labels"].tolist() == [[0, -100, 1], [1, -100, -100]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]


def test_the_labels_of_tokens_are_cut_with_them():
    dataset = TaggedTexts([["a", "b", "c"]], [[2, 1, 0]])
    batch = batch_of(dataset, tokenizer_name="bytes", model_max_length=2)
    assert batch["labels"].tolist() == [[2, 1]]


def test_a_vocabulary_is_trained_on_tokens_that_are_words_already():
    dataset = TaggedTexts([["def", "f", "("], ["def", "g"]], [[0, 1, 2], [0, 1]])
    fitted = fit(dataset)
    first, last = fitted.apply(dataset).take(torch.arange(2))["input_ids"]
    assert first[0] == last[0]
    assert fitted.tokenizer.decode(first.tolist()) == "def f ("


def test_plain_texts_are_bytes_end_to_end_in_blocks():
    batch = batch_of(PlainTexts(["abc", "de"]), model_max_length=4)
    a, b, c, d, e = bytes_tokenizer().encode("abcde").ids
    assert batch["input_ids"].tolist() == [[a, b, c, 0], [d, e, 0, 0]]
    assert batch["labels"].tolist() == [[a, b, c, 0], [d, e, 0, -100]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 1], [1, 1, 1, 0]]


def test_the_target_of_a_pair_is_its_labels_with_an_end():
    dataset = TextPairs(["ab", "c"], ["xyz", ""])
    batch = batch_of(dataset, tokenizer_name="bytes", model_max_length=3)
    x, y = bytes_tokenizer().encode("xy").ids
    assert batch["labels"].tolist() == [[x, y, 0], [0, -100, -100]]
    assert batch["input_ids"].shape == (2, 2)


def test_a_vocabulary_is_trained_on_both_texts_of_a_pair():
    dataset = TextPairs(["left left"] * 3, ["right right"] * 3)
    tokenizer = fit(dataset).tokenizer
    assert tokenizer.encode("left right").tokens == ["left", "right"]


def test_tokens_and_labels_must_be_as_many():
    with pytest.raises(ValueError, match="row 2 has 1 tokens but 2 labels"):
        TaggedTexts([["a"], ["b"]], [[0], [1, 1]])


def test_a_form_that_is_not_known_is_refused():
    with pytest.raises(DataError, match="derive it from TextDataset"):
        batch_of(TextColumns({"text": ["a"]}), tokenizer_name="bytes")


def test_texts_of_one_form_are_joined_and_chosen():
    both = PlainTexts(["a"]).joined([PlainTexts(["b", "c"])])
    assert [sample["text"] for sample in both] == ["a", "b", "c"]
    chosen = both.select(torch.tensor([2, 0]))
    assert isinstance(chosen, PlainTexts)
    assert chosen.columns == {"text": ["c", "a"]}
    assert len(both) == 3


def inputs_of(dataset: TextColumns, fitted: Preprocessing) -> dict[str, torch.Tensor]:
    stream = fitted.apply_to_inputs(Stream([StreamSource(dataset)]))
    (block,) = stream.blocks()
    columns = stream.columns(block)
    return columns.take(torch.arange(len(columns)))


def test_what_is_predicted_from_has_no_labels():
    pairs = TextPairs(["ab", "c"], ["xyz", ""])
    fitted = fit(pairs, tokenizer_name="bytes")
    for dataset in (pairs, TextDataset(["ab", "c"], [0, 1])):
        batch = inputs_of(dataset, fitted)
        assert batch.keys() == {"input_ids", "attention_mask"}
        assert batch["input_ids"].equal(fitted.apply(pairs).take(BOTH)["input_ids"])


def test_of_a_prompt_the_end_is_kept():
    prompts = PlainTexts(["abcd", "e"])
    fitted = fit(prompts, tokenizer_name="bytes", model_max_length=3)
    batch = inputs_of(prompts, fitted)
    b, c, d, e = bytes_tokenizer().encode("bcde").ids
    assert batch["input_ids"].tolist() == [[b, c, d], [e, 0, 0]]


def test_a_prompt_does_not_end_as_a_text_does():
    tokenizer = bytes_tokenizer()
    tokenizer.add_special_tokens(["<s>", "</s>"])
    ids = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", special_tokens=ids
    )
    batch = inputs_of(PlainTexts(["a"]), Preprocessing(tokenizer, None))
    assert batch["input_ids"].tolist() == [tokenizer.encode("a").ids[:-1]]


def test_tokens_are_numbered_where_their_first_piece_is():
    tagged = TaggedTexts([["ab", "c"], ["d"], ["e", "fgh"]], [[0, 1], [1], [0, 0]])
    fitted = fit(tagged, tokenizer_name="bytes", model_max_length=3)
    batch = inputs_of(tagged, fitted)
    assert batch["words"].tolist() == [[1, 0, 2], [1, 0, 0], [1, 2, 0]]
    assert batch["num_words"].tolist() == [2, 1, 2]
    assert "labels" not in batch
