"""Cuts many texts at their spaces and line ends."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]


def flat(texts: Sequence[Sequence[str]]) -> tuple[list[str], None, Numbers]:
    """The words of all texts, and how many each has; see `split_by_arrow`."""
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    return list(chain.from_iterable(texts)), None, sizes


def split_texts(texts: Sequence[str]) -> tuple[list[str], None, Numbers]:
    """Splits texts into words; see `split_by_arrow`."""
    return flat([text.replace("\n", " ").split(" ") for text in texts])


def split_by_arrow(texts: Sequence[str]) -> tuple[list[str], Numbers, Numbers]:
    """Splits texts into words.

    Returns:
        The words, each once; the place among them of each word of the texts, (words,);
        and how many words each text has, (texts,).
    """
    import pyarrow as pa
    import pyarrow.compute

    # Its functions are made when it is loaded, so no type checker knows them.
    compute: Any = pyarrow.compute
    lines = compute.replace_substring(pa.array(texts, pa.large_string()), "\n", " ")
    split = compute.split_pattern(lines, " ")
    coded = split.flatten().dictionary_encode()
    words: list[str] = coded.dictionary.to_numpy(zero_copy_only=False).tolist()
    sizes = split.value_lengths().to_numpy().astype(np.int64)
    return words, coded.indices.to_numpy(), sizes
