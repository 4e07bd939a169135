"""Tokens, source and signatures of the code that every Python has."""

import pytest

from oumi_runtime.builders import build_dataset
from oumi_runtime.datasets.stdlib_tokens import KINDS
from oumi_runtime.exceptions import DataError

NAMES = ("stdlib_tokens", "stdlib_source", "stdlib_signatures")
SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module", params=NAMES)
def splits(request):
    return {split: build_dataset(request.param, split=split) for split in SPLITS}


def test_the_splits_share_no_sample(splits):
    samples = [str(sample) for dataset in splits.values() for sample in dataset]
    assert len(samples) == len(set(samples)) > 100


def test_validation_and_test_are_there_and_much_smaller(splits):
    sizes = {name: len(str(list(dataset))) for name, dataset in splits.items()}
    for split in ("validation", "test"):
        assert 0.02 < sizes[split] / sizes["train"] < 0.2


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_split_is_refused_with_a_suggestion(name):
    with pytest.raises(DataError, match=r"'tets' \(did you mean 'test'\?\)"):
        build_dataset(name, split="tets")


def test_a_token_is_labelled_by_its_kind():
    dataset = build_dataset("stdlib_tokens")
    kinds = {
        text: KINDS[label]
        for sample in dataset
        for text, label in zip(sample["tokens"], sample["labels"], strict=True)
    }
    assert kinds["def"] == kinds["if"] == "keyword"
    assert kinds["("] == kinds["=="] == "operator"
    assert set(kinds.values()) == set(KINDS)


def test_the_kind_of_a_name_follows_from_the_tokens_around_it():
    dataset = build_dataset("stdlib_tokens")
    seen = {
        (before, KINDS[label])
        for sample in dataset
        for before, label in zip(
            ["", *sample["tokens"]], sample["labels"], strict=False
        )
        if before in ("def", ".")
    }
    seen.discard((".", "keyword"))  # from . import
    assert seen == {("def", "definition"), (".", "attribute"), (".", "call")}


def test_a_signature_goes_with_the_first_line_of_its_docstring():
    pairs = [
        (sample["text"], sample["target"])
        for split in SPLITS
        for sample in build_dataset("stdlib_signatures", split=split)
    ]
    first = "Return a shell-escaped version of the string *s*."
    assert ("quote(s)", first) in pairs  # shlex.quote
