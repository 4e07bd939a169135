"""The rows of a stream's block that can be made samples, and those that cannot."""

from typing import Any

import torch
from torch.utils.data import Dataset

from oumi_runtime.core.datasets import Block, Stream
from oumi_runtime.core.datasets.rows.reading import LeftOut
from oumi_runtime.exceptions import BadRowError


def usable_columns(
    stream: Stream, block: Block, leaves_out_bad: bool
) -> tuple[Dataset[Any] | None, dict[int, LeftOut]]:
    """Returns the samples of a block.

    Args:
        stream: What makes them.
        block: Its rows.
        leaves_out_bad: Whether rows that cannot be used are left out; else the first is
            an error.

    Returns:
        The samples of the rows that can be used, in their order, None where none can;
        and the others, by their place in the block.

    Raises:
        BadRowError: A row cannot be used and is not to be left out.
    """
    try:
        return stream.columns(block), {}
    except BadRowError:
        if not leaves_out_bad:
            raise
        bad = _bad_rows(stream, block)
    usable = [row for row in range(len(block)) if row not in bad]
    if not usable:
        return None, bad
    return stream.columns(block.select(torch.tensor(usable))), bad


def _bad_rows(stream: Stream, block: Block) -> dict[int, LeftOut]:
    bad: dict[int, LeftOut] = {}
    for row in range(len(block)):
        try:
            stream.columns(block.select(torch.tensor([row])))
        except BadRowError as error:
            where = stream.describe(block, row)
            bad[row] = LeftOut(where, str(error).removeprefix(f"{where}: "))
    return bad


class BlockSamples(Dataset[Any]):
    """The samples of a block by their place in it, each where it comes from."""

    def __init__(self, stream: Stream, block: Block, leaves_out_bad: bool) -> None:
        """Makes samples of texts; see `usable_columns`."""
        self._stream = stream
        self._block = block
        self._samples, self._bad = usable_columns(stream, block, leaves_out_bad)
        usable = (row for row in range(len(block)) if row not in self._bad)
        self._places = {row: place for place, row in enumerate(usable)}

    def __len__(self) -> int:
        return len(self._block)

    def __getitem__(self, index: int) -> Any:
        if self._samples is None or index in self._bad:
            raise BadRowError(str(self._bad[index]))
        return self._samples[self._places[index]]

    def locate(self, index: int) -> tuple[Dataset[Any], int]:
        """Returns the dataset a sample comes from, and its row there, from 0."""
        return self._stream.locate(self._block, index)
