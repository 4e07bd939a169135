"""Real texts that every Python has."""

import sysconfig

import pytest

from oumi_runtime.datasets import StdlibDocstrings, stdlib_docstrings
from oumi_runtime.exceptions import DataError

SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def splits():
    return {split: StdlibDocstrings(split) for split in SPLITS}


def test_the_splits_share_no_text_and_are_eight_one_and_one_tenths(splits):
    texts = [text for dataset in splits.values() for text in dataset.texts]
    assert len(texts) == len(set(texts)) > 2000
    shares = [len(splits[split]) / len(texts) for split in SPLITS]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.03)


def test_every_split_has_all_ten_packages_and_none_is_most_of_it(splits):
    for dataset in splits.values():
        assert dataset.label_names == list(stdlib_docstrings.PACKAGES)
        assert set(dataset.labels) == set(range(10))
        largest = max(dataset.labels.count(label) for label in range(10))
        assert largest < 0.35 * len(dataset)


def test_a_text_is_labelled_by_its_package(splits):
    import asyncio.events

    for dataset in splits.values():
        if asyncio.events.__doc__ in dataset.texts:
            row = dataset.texts.index(asyncio.events.__doc__)
            assert dataset.labels[row] == dataset.label_names.index("asyncio")
            return
    pytest.fail("the docstring of asyncio.events is in no split")


def test_reading_the_files_again_gives_the_same(splits):
    stdlib_docstrings._docstrings.cache_clear()
    again = StdlibDocstrings("test")
    assert again.texts == splits["test"].texts
    assert again.labels == splits["test"].labels


def test_an_unknown_split_is_refused_with_a_suggestion():
    with pytest.raises(DataError, match=r"'tets' \(did you mean 'test'\?\)"):
        StdlibDocstrings("tets")


def test_a_python_without_source_files_is_named(tmp_path, monkeypatch):
    stdlib_docstrings._docstrings.cache_clear()
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    try:
        with pytest.raises(DataError, match="no source files of its standard library"):
            StdlibDocstrings()
    finally:
        stdlib_docstrings._docstrings.cache_clear()
