"""Orders the samples of streams: shuffles in a buffer, mixes by weight.

Both read ahead by at most one buffer, and are deterministic for a given seed.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import torch

from oumi_runtime.core.datasets.streams.blocks import Block, join
from oumi_runtime.core.datasets.streams.mixing import draw_sources


def shuffle_blocks(
    blocks: Iterable[Block], buffer_size: int, seed: int
) -> Iterator[Block]:
    """Draws each sample from a buffer, and refills the buffer from the stream.

    Args:
        blocks: The stream in its own order.
        buffer_size: Size of the buffer in samples, at least 1.
        seed: The random seed.
    """
    draw = np.random.default_rng(seed)
    held: list[Block] = []
    for block in blocks:
        pool = join([*held, block])
        if len(pool) <= buffer_size:
            held = [pool]
            continue
        drawn = draw.integers(buffer_size, size=len(pool) - buffer_size).tolist()
        # Maps each slot of the buffer to a sample of the pool.
        places = list(range(buffer_size))
        given: list[int] = []
        for following, place in enumerate(drawn, start=buffer_size):
            given.append(places[place])
            places[place] = following
        yield pool.select(torch.tensor(given))
        held = [pool.select(torch.tensor(places))]
    for rest in held:
        yield rest.select(torch.from_numpy(draw.permutation(len(rest))))


class _Cursor:
    """Takes samples from a stream, which restarts when it is exhausted."""

    def __init__(self, begin: Callable[[], Iterator[Block]]) -> None:
        self._begin = begin
        self._blocks = begin()
        self._ahead: list[Block] = []
        self._num_ahead = 0
        self.has_ended = False

    def left_of(self, count: int) -> int | None:
        """Returns how many samples are left, if that is at most `count`."""
        # Reads one more, to find out whether these are the last.
        while self._num_ahead <= count:
            block = next(self._blocks, None)
            if block is None:
                return self._num_ahead
            self._ahead.append(block)
            self._num_ahead += len(block)
        return None

    def take(self, count: int) -> Block:
        """Returns the next samples, starting again after the last."""
        taken: list[Block] = []
        while count:
            left = self.left_of(count)
            block = join(self._ahead)
            if left is not None:
                taken.append(block)
                count -= left
                self._blocks, self._ahead, self._num_ahead = self._begin(), [], 0
                continue
            taken.append(block.slice(0, count))
            self._ahead = [block.slice(count)]
            self._num_ahead -= count
            count = 0
        return join(taken)


def mix_blocks(
    readers: Sequence[Callable[[], Iterator[Block]]],
    proportions: Sequence[float],
    *,
    until_all: bool,
    seed: int,
) -> Iterator[Block]:
    """Mixes streams in the same order as `mix_rows` for datasets of known lengths.

    Args:
        readers: Functions that each start one of the streams.
        proportions: The sampling weight of each stream, all above 0.
        until_all: Whether to continue until every stream is exhausted, restarting
            those that end earlier; otherwise stop when the first one is exhausted.
        seed: The random seed.
    """
    cursors = [_Cursor(reader) for reader in readers]
    for draws in draw_sources(proportions, seed):
        places = [
            (draws == source).nonzero().flatten() for source in range(len(cursors))
        ]
        end = _end(cursors, places, until_all)
        if end is not None:
            draws = draws[: end + 1]
            places = [each[each <= end] for each in places]
        parts = [
            cursor.take(len(each))
            for cursor, each in zip(cursors, places, strict=True)
            if len(each)
        ]
        order = torch.empty(len(draws), dtype=torch.int64)
        order[torch.cat(places)] = torch.arange(len(draws))
        yield join(parts).select(order)
        if end is not None:
            return


def _end(
    cursors: Sequence[_Cursor], places: Sequence[torch.Tensor], until_all: bool
) -> int | None:
    """Returns the end of the mixture within some draws; None if it continues."""
    ends: list[int] = []
    for cursor, own in zip(cursors, places, strict=True):
        left = None if cursor.has_ended else cursor.left_of(len(own))
        if left is not None and left <= len(own):
            ends.append(int(own[left - 1]))
            cursor.has_ended = True
    if until_all:
        return max(ends) if all(cursor.has_ended for cursor in cursors) else None
    return min(ends) if ends else None
