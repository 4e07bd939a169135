"""Chooses the next tokens of texts: the likeliest, or drawn by their probabilities."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

Choose = Callable[[torch.Tensor, Sequence[int], int], torch.Tensor]
"""Returns the next token of some texts, (rows,) int64, given their logits (rows,
vocabulary), which texts of the batch they are, and the number of tokens before."""


@dataclass(frozen=True)
class Sampling:
    """How to draw tokens."""

    temperature: float = 1.0
    """What logits are divided by, above 0. Below 1, likely tokens become likelier."""
    top_k: int | None = None
    """How many of the likeliest tokens to draw from, at least 1; None for all."""
    seed: int = 0
    """The seed of the random numbers."""

    def __post_init__(self) -> None:
        """Checks the values.

        Raises:
            ValueError: A value is outside its range.
        """
        if not 0 < self.temperature < math.inf:
            raise ValueError(f"temperature is {self.temperature}; give a number over 0")
        if self.top_k is not None and self.top_k < 1:
            raise ValueError(f"top_k is {self.top_k}; give at least 1")


class Sampler:
    """Draws the tokens of one text after the other.

    Each text has random numbers of its own, so that what is drawn does not depend on
    the batch size.
    """

    def __init__(self, sampling: Sampling) -> None:
        """Initializes the sampler, with the random numbers of the first text next."""
        self._sampling = sampling
        self._generator = torch.Generator().manual_seed(sampling.seed)

    def of_texts(self, num_texts: int, length: int) -> Choose:
        """Returns what draws the tokens of the next texts.

        Args:
            num_texts: The number of texts in the batch.
            length: The maximum number of tokens of each.
        """
        shape, generator = (num_texts, length), self._generator
        drawn = torch.rand(shape, generator=generator, dtype=torch.float64)

        def draw(logits: torch.Tensor, rows: Sequence[int], place: int) -> torch.Tensor:
            ends = self._probabilities(logits.cpu().double()).cumsum(-1)
            # The last one is 1, up to rounding.
            numbers = drawn[list(rows), place, None] * ends[:, -1:]
            return torch.searchsorted(ends, numbers, right=True).squeeze(-1)

        return draw

    def _probabilities(self, logits: torch.Tensor) -> torch.Tensor:
        """Returns the probabilities to draw with, (rows, vocabulary)."""
        top_k = self._sampling.top_k
        if top_k is not None and top_k < logits.shape[-1]:
            least = logits.topk(top_k).values[:, -1:]
            logits = logits.masked_fill(logits < least, -math.inf)
        return (logits / self._sampling.temperature).softmax(-1)


def likeliest(logits: torch.Tensor, rows: Sequence[int], place: int) -> torch.Tensor:
    """Chooses the likeliest token; see `Choose`."""
    return logits.argmax(-1)
