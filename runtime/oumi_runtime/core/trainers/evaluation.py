"""The evaluation loop, the same for every trainer and for the evaluate command."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from oumi_runtime.core.datasets.columns import Batch
from oumi_runtime.core.trainers.batches import count_targets


class EvalPrediction(NamedTuple):
    """What a metrics function is given."""

    predictions: np.ndarray
    """The logits of every sample, (samples, ...) float32."""

    label_ids: np.ndarray
    """The labels of every sample."""


MetricsFunction = Callable[[EvalPrediction], Mapping[str, float]]


@torch.no_grad()
def evaluate_model(
    model: nn.Module,
    batches: Iterable[Batch],
    metrics_function: MetricsFunction | None = None,
    autocast: Callable[[], Any] | None = None,
) -> dict[str, float]:
    """Runs the model over all batches in evaluation mode.

    Args:
        model: A model whose outputs hold `loss`, and `logits` if metrics are asked for.
        batches: The samples, with labels.
        metrics_function: Computes metrics from all logits and labels at once.
        autocast: Makes the context that the model runs in; none if None.

    Returns:
        `loss`, the mean over all targets, and what the metrics function returns. The
        model's training mode is as it was.
    """
    was_training = model.training
    model.eval()
    loss_sum, num_targets = torch.zeros(()), torch.zeros((), dtype=torch.int64)
    logits: list[torch.Tensor] = []
    labels: list[torch.Tensor] = []
    for batch in batches:
        if autocast is None:
            outputs = model(**batch)
        else:
            with autocast():
                outputs = model(**batch)
        targets = count_targets(batch)
        # A batch without targets has a loss of NaN, which must not reach the sum.
        loss = torch.where(targets > 0, outputs["loss"].float(), 0.0)
        loss_sum = loss_sum.to(loss.device) + loss * targets
        num_targets = num_targets.to(loss.device) + targets
        if metrics_function is not None:
            logits.append(outputs["logits"].float().cpu())
            labels.append(batch["labels"].cpu())
    model.train(was_training)
    metrics = {"loss": float(loss_sum / num_targets)}
    if metrics_function is not None:
        prediction = EvalPrediction(
            torch.cat(logits).numpy(), torch.cat(labels).numpy()
        )
        metrics.update({k: float(v) for k, v in metrics_function(prediction).items()})
    return metrics
