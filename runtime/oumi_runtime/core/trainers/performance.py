"""Training speed: tokens per second, FLOP/s, MFU, and where the time goes."""

import contextlib
from collections.abc import Iterable, Iterator
from typing import TypeVar

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.trainers.time_split import TimeSplit

T = TypeVar("T")

# Dense 16-bit matrix products, FLOP/s, from the vendors' data sheets.
_PEAK_FLOPS = {
    "B200": 2250e12,
    "H200": 989e12,
    "H100 PCIe": 756e12,
    "H100": 989e12,
    "A100": 312e12,
    "L40S": 362e12,
    "L40": 181e12,
    "L4": 121e12,
    "V100": 125e12,
    "T4": 65e12,
}


class PerformanceMeter:
    """Measures tokens, FLOPs and times for the log."""

    def __init__(self, model: nn.Module, *, alternative_mfu: bool) -> None:
        """Initializes the meter.

        Args:
            model: The model, on its device.
            alternative_mfu: Whether to add the estimate of 6 FLOPs per parameter and
                token (Kaplan et al. 2020, Chowdhery et al. 2022).
        """
        self._num_parameters = sum(p.numel() for p in model.parameters())
        self._alternative_mfu = alternative_mfu
        device = next(model.parameters()).device
        self._peak = _peak_flops(device)
        self._times = TimeSplit.on(device)
        self._flops_per_sample: float | None = None
        self._num_tokens: torch.Tensor | int = 0

    def waiting(self, steps: Iterable[T]) -> Iterator[T]:
        """Yields the steps, and measures the time spent waiting for each."""
        return self._times.waiting(steps)

    def step(self, batches: list[Batch]) -> contextlib.AbstractContextManager[None]:
        """Counts the tokens of a step; the context returned measures its time."""
        for batch in batches:
            if "attention_mask" in batch:
                self._num_tokens = self._num_tokens + batch["attention_mask"].sum()
            elif "input_ids" in batch:
                self._num_tokens = self._num_tokens + batch["input_ids"].numel()
        return self._times

    @contextlib.contextmanager
    def passes(self, batches: list[Batch]) -> Iterator[None]:
        """Counts the FLOPs of the passes in the block, in the first step only."""
        if self._flops_per_sample is not None:
            yield
            return
        num_samples = sum(len(next(iter(batch.values()))) for batch in batches)
        with FlopCounterMode(display=False) as counter:
            yield
        self._flops_per_sample = counter.get_total_flops() / num_samples

    def metrics(self, samples_per_second: float, seconds: float) -> dict[str, float]:
        """Returns the metrics since the last call.

        Args:
            samples_per_second: The training speed of this process.
            seconds: The time spent on training.

        Returns:
            `tokens_per_second` if there are tokens, `flops_per_second`, `mfu` (the
            fraction of the GPU's 16-bit peak) if the peak is known, and the shares of
            `TimeSplit.metrics`.
        """
        tokens_per_second = float(self._num_tokens) / max(seconds, 1e-9)
        self._num_tokens = 0
        flops = (self._flops_per_sample or 0.0) * samples_per_second
        metrics = {"flops_per_second": flops}
        estimated = 6.0 * self._num_parameters * tokens_per_second
        if tokens_per_second > 0:
            metrics["tokens_per_second"] = tokens_per_second
            if self._alternative_mfu:
                metrics["estimated_flops_per_second"] = estimated
        if self._peak is not None:
            metrics["mfu"] = flops / self._peak
            if self._alternative_mfu:
                metrics["estimated_mfu"] = estimated / self._peak
        return metrics | self._times.metrics(seconds)


def _peak_flops(device: torch.device) -> float | None:
    if device.type != "cuda":
        return None
    name = torch.cuda.get_device_name(device)
    return next((peak for part, peak in _PEAK_FLOPS.items() if part in name), None)
