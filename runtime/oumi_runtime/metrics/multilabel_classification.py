"""Metrics of samples that may be of several classes at once."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.registry import RegistryType, register
from oumi_runtime.core.trainers.evaluation import BatchMetrics
from oumi_runtime.exceptions import DataError

Counts = tuple[int, int, list[int], list[int]]


@register("multilabel_classification", RegistryType.METRICS_FUNCTION)
class MultilabelClassification(BatchMetrics):
    """`exact_match`, and the F1 of classes of which a sample has any number.

    A class is predicted where its logit is above 0. `exact_match` is the share of
    samples with all classes right, `micro_f1` the F1 of all pairs of a sample and a
    class, and `macro_f1` the mean of the F1 of the classes that occur; 0 if none does.
    Labels that are negative are left out.
    """

    def measure(
        self, model: nn.Module, batch: Batch, outputs: Mapping[str, torch.Tensor]
    ) -> Counts:
        """Counts what is right.

        Returns:
            The number of samples, and of those with all classes right; and for each
            class how often it was rightly predicted, and how often it was the label or
            predicted.

        Raises:
            DataError: The labels are not 0 or 1 for each logit.
        """
        logits, labels = outputs["logits"], batch["labels"]  # (..., classes) each
        if logits.ndim < 2 or labels.shape != logits.shape:
            raise DataError(
                "the metrics function 'multilabel_classification' was given labels of "
                f"shape {tuple(labels.shape)} for logits of {tuple(logits.shape)}; the "
                "dataset has to return 0 or 1 for each class of a sample"
            )
        logits, labels = logits.flatten(0, -2), labels.flatten(0, -2)
        is_counted = labels >= 0
        is_label = (labels > 0.5) & is_counted
        is_predicted = (logits > 0) & is_counted
        exact = (is_label == is_predicted).all(-1).sum()
        right = (is_label & is_predicted).sum(0)
        occurrences = is_label.sum(0) + is_predicted.sum(0)
        # Not tensors: see `ArrayStore`.
        return len(labels), int(exact), right.tolist(), occurrences.tolist()

    def compute(self, kept: Sequence[Any]) -> dict[str, float]:
        """Computes the metrics of all batches."""
        numbers, exacts, rights, occurrences = zip(*kept, strict=True)
        right = torch.tensor(rights, dtype=torch.float64).sum(0)
        occurred = torch.tensor(occurrences, dtype=torch.float64).sum(0)
        f1 = (2 * right / occurred)[occurred > 0]
        return {
            "exact_match": sum(exacts) / sum(numbers),
            "micro_f1": (2 * right.sum() / occurred.sum().clamp(min=1)).item(),
            "macro_f1": f1.mean().item() if len(f1) else 0.0,
        }
