"""Splits many texts at spaces and line ends."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]


def flat(texts: Sequence[Sequence[str]]) -> tuple[list[str], None, Numbers]:
    """Returns the words of all texts, and their numbers; see `split_by_arrow`."""
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    return list(chain.from_iterable(texts)), None, sizes


def split_texts(texts: Sequence[str]) -> tuple[list[str], None, Numbers]:
    """Splits texts into words; see `split_by_arrow`."""
    return flat([text.replace("\n", " ").split(" ") for text in texts])


def split_by_arrow(texts: Sequence[str]) -> tuple[list[str], Numbers, Numbers]:
    """Splits texts into words.

    Returns:
        The distinct words; the index among these of each word in the texts, (words,);
        and the number of words in each text, (texts,).
    """
    import pyarrow.compute

    # Its functions are created on import, so type checkers do not know them.
    compute: Any = pyarrow.compute
    lines = compute.replace_substring(_to_arrow(texts), "\n", " ")
    split = compute.split_pattern(lines, " ")
    coded = split.flatten().dictionary_encode()
    words: list[str] = coded.dictionary.to_pylist()
    sizes = np.from_dlpack(split.value_lengths()).astype(np.int64)
    places = np.from_dlpack(coded.indices).astype(np.int64)
    return words, places, sizes


def _to_arrow(texts: Sequence[str]) -> Any:
    """Converts texts to an Arrow array.

    Arrow's own conversions from a list, and to a numpy array, import pandas, which
    takes a third of a second.
    """
    import pyarrow as pa

    data = [text.encode() for text in texts]
    offsets = np.zeros(len(data) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, data), np.int64, len(data)), out=offsets[1:])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(data))]
    return pa.Array.from_buffers(pa.large_string(), len(data), buffers)
