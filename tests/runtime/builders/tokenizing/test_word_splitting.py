"""Texts are cut at their spaces, by Arrow as by Python."""

import subprocess
import sys

import numpy as np
import pytest

from oumi_runtime.builders.tokenizing.word_splitting import split_by_arrow, split_texts

TEXTS = ["two words", "", " ", "é 中 \n😀", "two", "\n", "a\tb  c"]


@pytest.mark.parametrize("texts", [TEXTS, [], [""], TEXTS[::-1] * 3])
def test_both_ways_give_the_same_words(texts):
    words, places, sizes = split_by_arrow(texts)
    expected, _, expected_sizes = split_texts(texts)
    assert [words[place] for place in places] == expected
    assert len({*words}) == len(words)
    np.testing.assert_array_equal(sizes, expected_sizes)


def test_arrow_splits_without_pandas_which_takes_long_to_import():
    code = (
        "import sys\n"
        "from oumi_runtime.builders.tokenizing.word_splitting import split_by_arrow\n"
        f"split_by_arrow({TEXTS!r})\n"
        "print('pyarrow' in sys.modules, 'pandas' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "False"]
