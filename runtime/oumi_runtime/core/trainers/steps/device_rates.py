"""The learning rates of an optimizer as numbers on a GPU, where a graph reads them."""

import contextlib
from collections.abc import Iterator

import torch
from torch.optim import Optimizer


class DeviceRates:
    """The rate of each parameter group, in memory that a graph can read.

    A rate that is a Python number is captured as it is at that moment, and no schedule
    changes it any more. Between two steps the groups hold plain numbers, as schedules,
    logs and checkpoints take them.
    """

    def __init__(self, optimizer: Optimizer, device: torch.device) -> None:
        """Takes the optimizer whose groups have the rates.

        Args:
            optimizer: One that takes a tensor for a rate.
            device: Where its parameters are.
        """
        # Not its groups, which are others once a state has been loaded.
        self._optimizer = optimizer
        self._plain: dict[int, float] = {
            number: group["lr"]
            for number, group in enumerate(optimizer.param_groups)
            if not isinstance(group["lr"], torch.Tensor)
        }
        self._rates = {
            number: torch.tensor(lr, device=device)
            for number, lr in self._plain.items()
        }

    def write(self) -> None:
        """Writes the rates that have changed to the device, without waiting for it."""
        groups = self._optimizer.param_groups
        for number, rate in self._rates.items():
            if (plain := groups[number]["lr"]) != self._plain[number]:
                self._plain[number] = plain
                rate.fill_(plain)

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """Has the optimizer read its rates on the device in the block."""
        groups = self._optimizer.param_groups
        for number, rate in self._rates.items():
            groups[number]["lr"] = rate
        try:
            yield
        finally:
            for number, plain in self._plain.items():
                groups[number]["lr"] = plain
