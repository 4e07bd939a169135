"""The evaluation loop, the same for every trainer and for the evaluate command."""

import contextlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from oumi_runtime.core.distributed import all_gather_object, all_reduce_sum
from oumi_runtime.core.trainers.batches import EvalBatches


class EvalPrediction(NamedTuple):
    """What a metrics function is given."""

    predictions: np.ndarray
    """The logits of every sample, (samples, ...) float32."""

    label_ids: np.ndarray
    """The labels of every sample."""


MetricsFunction = Callable[[EvalPrediction], Mapping[str, float]]


def _marked(labels: torch.Tensor, ignore_index: int | None) -> torch.Tensor:
    """The labels with -100, which metrics leave out, for the one to ignore."""
    if ignore_index is None:
        return labels
    return labels.masked_fill(labels == ignore_index, -100)


def _gather(batches: list[torch.Tensor]) -> np.ndarray:
    """The rows of all processes, in the order of the dataset."""
    parts = all_gather_object([batch.numpy() for batch in batches])
    return np.concatenate([batch for part in parts for batch in part])


@torch.no_grad()
def evaluate_model(
    model: nn.Module,
    batches: EvalBatches,
    metrics_function: MetricsFunction | None = None,
    autocast: Callable[[], Any] = contextlib.nullcontext,
) -> dict[str, float]:
    """Runs the model over all batches in evaluation mode.

    Args:
        model: A model whose outputs hold `loss`, and `logits` if metrics are asked for.
        batches: This process's part of the samples, with labels.
        metrics_function: Computes metrics from all logits and labels at once.
        autocast: Makes the context that the model runs in.

    Returns:
        `loss`, the mean over the targets of all processes, and what the metrics
        function returns. The model's training mode is as it was.
    """
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    loss_sum = torch.zeros((), device=device)
    num_targets = torch.zeros((), dtype=torch.int64, device=device)
    logits: list[torch.Tensor] = []
    labels: list[torch.Tensor] = []
    for batch, targets in batches:
        with autocast():
            outputs = model(**batch)
        if not isinstance(targets, torch.Tensor):
            continue  # A stand-in, for the processes that still have samples.
        # A batch without targets has a loss of NaN, which must not reach the sum.
        loss = torch.where(targets > 0, outputs["loss"].float(), 0.0)
        loss_sum += loss * targets
        num_targets += targets
        if metrics_function is not None:
            logits.append(outputs["logits"].float().cpu())
            labels.append(_marked(batch["labels"], batches.ignore_index).cpu())
    model.train(was_training)
    all_reduce_sum(loss_sum)
    all_reduce_sum(num_targets)
    metrics = {"loss": float(loss_sum / num_targets)}
    if metrics_function is not None:
        prediction = EvalPrediction(_gather(logits), _gather(labels))
        metrics.update({k: float(v) for k, v in metrics_function(prediction).items()})
    return metrics
