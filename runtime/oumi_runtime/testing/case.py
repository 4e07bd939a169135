"""What a check is given: a way to make the model, and a way to make a batch for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import nn

Batch = dict[str, torch.Tensor]
BatchFactory = Callable[[int], Mapping[str, torch.Tensor]]


class CheckFailedError(AssertionError):
    """A model does not do what the check asks; the message says where to look."""


@dataclass(frozen=True)
class ModelCase:
    """A model under test."""

    make_model: Callable[[], nn.Module]
    """Makes the model, the same one at the same random seed."""
    make_batch: BatchFactory
    """Makes a batch of so many samples: what forward takes by name, `labels` too."""

    def model(self, *, training: bool = False, seed: int = 0) -> nn.Module:
        """A fresh model, with the same weights for the same seed."""
        torch.manual_seed(seed)
        return self.make_model().train(training)

    def batch(self, batch_size: int = 4, seed: int = 1) -> Batch:
        """A batch, the same one for the same seed."""
        torch.manual_seed(seed)
        return dict(self.make_batch(batch_size))

    def inputs(self, batch_size: int = 4) -> Batch:
        """A batch without its labels."""
        batch = self.batch(batch_size)
        batch.pop("labels", None)
        return batch
