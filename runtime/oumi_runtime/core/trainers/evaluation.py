"""The evaluation loop, shared by all trainers and the evaluate command."""

import contextlib
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn

from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.datasets.rows.seeding import random_numbers_from
from oumi_runtime.core.distributed import all_gather_object, all_reduce_sum, get_rank
from oumi_runtime.core.log import logger
from oumi_runtime.core.trainers.array_store import ArrayStore
from oumi_runtime.core.trainers.batches.map_batches import EvalBatches
from oumi_runtime.core.trainers.batches.stream_batches import StreamEvalBatches
from oumi_runtime.core.trainers.model_calls import loss_of, outputs_of, terms_of
from oumi_runtime.core.trainers.unknown_classes import naming_the_row
from oumi_runtime.exceptions import DataError, MissingOutputError

IGNORED_LABEL = -100
_MANY_BYTES = 2_000_000_000


class EvalPrediction(NamedTuple):
    """The argument of a metrics function."""

    predictions: np.ndarray
    """The logits of every sample, (samples, ...) float32."""

    label_ids: np.ndarray
    """The labels of every sample. If lengths differ, shorter samples are padded with
    -100, and so are their logits."""


MetricsFunction = Callable[[EvalPrediction], Mapping[str, float]]


class BatchMetrics(ABC):
    """Metrics that are computed batch by batch, or need more than the logits.

    A subclass is registered as a metrics function, and instantiated for each run.
    """

    def __init__(self, tokenizer: Tokenizer | None = None) -> None:
        """Initializes the metrics with the tokenizer; None if the data is not text."""
        self.tokenizer = tokenizer

    @abstractmethod
    def measure(
        self, model: nn.Module, batch: Batch, outputs: Mapping[str, torch.Tensor]
    ) -> Any:
        """Returns what to keep of a batch; it must be picklable.

        Every process calls this equally often, so it may run the model.

        Args:
            model: The model, in evaluation mode.
            batch: The columns, on the model's device. Ignored labels are
                -100.
            outputs: What the model returned for the batch.
        """

    @abstractmethod
    def compute(self, kept: Sequence[Any]) -> Mapping[str, float]:
        """Computes the metrics from all batches of all processes, in dataset order."""


class _Outputs(dict[str, torch.Tensor]):
    """A model's outputs, with a clear error for one that metrics look for in vain."""

    def __missing__(self, name: str) -> torch.Tensor:
        raise MissingOutputError(name, self)


class _Columns(dict[str, torch.Tensor]):
    """A batch, with a clear error for a column that metrics look for in vain."""

    def __missing__(self, name: str) -> torch.Tensor:
        raise DataError(
            f"training.metrics_function needs {name!r} in the data, which has "
            f"{', '.join(self)}; name the column so, or leave metrics_function out"
        )


class _PredictionMetrics(BatchMetrics):
    """Calls a metrics function with the logits and labels of all samples."""

    def __init__(self, function: MetricsFunction) -> None:
        super().__init__()
        self._function = function
        self._store = ArrayStore()
        self._kept_bytes = 0

    def measure(
        self, model: nn.Module, batch: Batch, outputs: Mapping[str, torch.Tensor]
    ) -> tuple[np.ndarray, np.ndarray]:
        logits = self._store.store(outputs["logits"].float())
        before, self._kept_bytes = self._kept_bytes, self._kept_bytes + logits.nbytes
        if before < _MANY_BYTES <= self._kept_bytes:
            logger.warning(
                "training.metrics_function is a function, which takes the logits of "
                "all samples at once: %.0f GB and more; to measure each batch instead, "
                "register a class derived from BatchMetrics",
                self._kept_bytes / 1e9,
            )
        return logits, self._store.store(batch["labels"])

    def compute(self, kept: Sequence[Any]) -> Mapping[str, float]:
        logits, labels = map(list, zip(*kept, strict=True))
        self._store, self._kept_bytes = ArrayStore(), 0
        if isinstance(kept, list):
            kept.clear()  # Logits may fill most of the memory, and are joined now.
        return self._function(EvalPrediction(_join(logits), _join(labels)))


def _join(batches: list[np.ndarray]) -> np.ndarray:
    """Concatenates the rows of all batches, padded with -100 to the longest.

    It empties the list, so that each batch's memory can be freed when it is copied.
    """
    longest = [max(batch.shape[1] for batch in batches)] if batches[0].ndim > 1 else []
    shape = sum(map(len, batches)), *longest, *batches[0].shape[2:]
    joined = np.empty(shape, batches[0].dtype)
    start = 0
    batches.reverse()
    while batches:
        batch = batches.pop()
        rows = joined[start : start + len(batch)]
        start += len(batch)
        if longest:
            rows[:, batch.shape[1] :] = IGNORED_LABEL
            rows = rows[:, : batch.shape[1]]
        rows[...] = batch
    return joined


def _to_measure(batch: Batch, ignore_index: int | None) -> Batch:
    """Replaces the label to ignore with -100, which metrics leave out."""
    columns = _Columns(batch)
    if ignore_index is not None and "labels" in batch:
        labels = batch["labels"]
        is_ignored = labels == ignore_index
        columns["labels"] = labels.masked_fill(is_ignored, IGNORED_LABEL)
    return columns


class _Means:
    """The loss and other numbers, summed up by the targets of each batch."""

    def __init__(self, device: torch.device) -> None:
        self._loss = torch.zeros((), device=device)
        self._num_targets = torch.zeros((), dtype=torch.int64, device=device)
        self._terms: dict[str, torch.Tensor] = {}

    def add(
        self,
        loss: torch.Tensor,
        terms: Mapping[str, torch.Tensor],
        targets: torch.Tensor,
    ) -> None:
        """Adds the means of a batch, without waiting for them."""
        # A batch without targets has a loss of NaN, which must not reach the sum.
        self._loss += torch.where(targets > 0, loss.float(), 0.0) * targets
        for name, term in terms.items():
            share = torch.where(targets > 0, term.float(), 0.0) * targets
            self._terms[name] = self._terms.get(name, torch.zeros_like(share)) + share
        self._num_targets += targets

    def of_all_processes(self) -> dict[str, float]:
        """Returns the means, NaN without targets; every process must call this."""
        all_reduce_sum(self._loss)
        all_reduce_sum(self._num_targets)
        found = {"loss": float(self._loss / self._num_targets)}
        number = float(self._num_targets) or math.nan
        for sums in all_gather_object({k: float(v) for k, v in self._terms.items()}):
            for name, value in sums.items():
                found[name] = found.get(name, 0.0) + value / number
        return found


@contextlib.contextmanager
def _same_random_numbers(device: torch.device) -> Iterator[None]:
    """Draws the same in each evaluation, and takes no numbers from the training."""
    gpus = [device] if device.type == "cuda" else []
    with random_numbers_from(get_rank()), torch.random.fork_rng(gpus):
        if gpus:
            torch.cuda.manual_seed(get_rank())
        yield


@torch.no_grad()
def evaluate_model(
    model: nn.Module,
    batches: EvalBatches | StreamEvalBatches,
    metrics: MetricsFunction | BatchMetrics | None = None,
    autocast: Callable[[], Any] = contextlib.nullcontext,
    before_batch: Callable[[], None] = lambda: None,
) -> dict[str, float]:
    """Runs the model over all batches in evaluation mode.

    A model that draws noise or masks draws the same each time.

    Args:
        model: A model that returns `loss`, and whatever the metrics need: a metrics
            function needs `logits`.
        batches: This process's part of the samples, with labels.
        metrics: What to compute besides the loss.
        autocast: Returns the context to run the model in.
        before_batch: Called before each batch. It may abort the evaluation with an
            exception, if it does so in every process.

    Returns:
        `loss`, and what else the model returns as single numbers: means over the
        targets of all processes; and the metrics. The model's training mode is
        restored.

    Raises:
        DataError: The data has no labels, which the metrics need.
        MissingOutputError: The model does not return what the metrics need.
        UnknownClassError: A label is none of the model's classes.
    """
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    means = _Means(device)
    if metrics is not None and not isinstance(metrics, BatchMetrics):
        metrics = _PredictionMetrics(metrics)
    kept: list[Any] = []
    try:
        with _same_random_numbers(device), naming_the_row(batches.dataset):
            for batch, targets in batches:
                before_batch()
                with autocast():
                    outputs = outputs_of(model, model, batch)
                    if metrics is not None:
                        batch = _to_measure(batch, batches.ignore_index)
                        kept.append(metrics.measure(model, batch, _Outputs(outputs)))
                if not isinstance(targets, torch.Tensor):
                    kept = kept[:-1]
                    continue  # A stand-in batch, as others still have samples.
                means.add(loss_of(outputs, model), terms_of(outputs), targets)
    finally:
        model.train(was_training)
    found = means.of_all_processes()
    if metrics is not None:
        kept = [each for part in all_gather_object(kept) for each in part]
        found |= {k: float(v) for k, v in metrics.compute(kept).items()}
    return found
