"""Where samples in memory come from, for messages that name them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch


@dataclass(frozen=True)
class Origin:
    """Which row of which dataset each sample is."""

    names: tuple[str, ...]
    """The datasets, such as `dataset 'tabular' (data.csv)`."""
    lengths: tuple[int, ...]
    """The number of rows of each dataset."""
    rows: torch.Tensor | None = None
    """The row of each sample, counted through all datasets from 0, (samples,) int64;
    None if the samples are all rows in order."""
    are_packed: bool = False
    """Whether the samples are blocks of all rows, joined."""

    @classmethod
    def of(
        cls, name: str, path: str | None, length: int, *, is_whole: bool = True
    ) -> "Origin":
        """Returns that of all rows of a dataset, or of those that can be used."""
        where = f"dataset {name!r}" + (f" ({path})" if path else "")
        return cls((where if is_whole else f"the usable rows of {where}",), (length,))

    def select(self, indices: torch.Tensor) -> "Origin":
        """Returns that of some of the samples, in the given order."""
        return replace(self, rows=indices if self.rows is None else self.rows[indices])

    def packed(self) -> "Origin":
        """Returns that of blocks, which may each hold parts of several samples."""
        return replace(self, rows=None, are_packed=True)

    def describe(self, sample: int) -> str:
        """Describes a sample, such as `row 3 of dataset 'tabular' (data.csv)`."""
        if self.are_packed:
            return f"block {sample + 1} of {' and '.join(dict.fromkeys(self.names))}"
        row = sample if self.rows is None else int(self.rows[sample])
        for name, length in zip(self.names, self.lengths, strict=True):
            if row < length:
                return f"row {row + 1} of {name}"
            row -= length
        raise IndexError(f"there is no sample {sample}")


def joined(origins: Sequence[Origin | None]) -> Origin | None:
    """Returns that of samples one after the other; None if some come from nowhere."""
    known = [origin for origin in origins if origin is not None]
    if len(known) < len(origins) or any(origin.are_packed for origin in known):
        return None
    starts = torch.tensor([0, *(sum(origin.lengths) for origin in known)]).cumsum(0)
    rows = None
    if any(origin.rows is not None for origin in known):
        rows = torch.cat(
            [
                start
                + (torch.arange(sum(each.lengths)) if each.rows is None else each.rows)
                for start, each in zip(starts, known, strict=False)
            ]
        )
    return Origin(
        tuple(name for origin in known for name in origin.names),
        tuple(length for origin in known for length in origin.lengths),
        rows,
    )
