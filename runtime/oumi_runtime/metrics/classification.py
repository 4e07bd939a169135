"""Metrics of classification."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import torch
from torch import nn

from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.models.single_logit import as_two_classes, is_single
from oumi_runtime.core.registry import RegistryType, register
from oumi_runtime.core.trainers.evaluation import BatchMetrics
from oumi_runtime.exceptions import DataError

Counts = tuple[int, list[int], list[int]]


@register("classification", RegistryType.METRICS_FUNCTION)
class Classification(BatchMetrics):
    """`accuracy` and macro-averaged F1, of samples, tokens or pixels.

    The classes are the last dimension of the logits; or the second, as torch's
    cross-entropy takes them, if only that fits the labels.

    `accuracy` is the share of targets whose largest logit is the label's (if there is
    one logit for two classes, the second is chosen where it is above 0), and
    `macro_f1` the mean of the F1 of the classes that occur. Targets with a negative
    label are left out. Of each batch only its confusion matrix is kept, without zeros:
    the logits of all tokens of a test set need not fit in memory.
    """

    def measure(
        self, model: nn.Module, batch: Batch, outputs: Mapping[str, torch.Tensor]
    ) -> Counts:
        """Counts how often each class was taken for each.

        Returns:
            The number of classes; the pairs that occur, as label * classes + predicted;
            and the number of each.

        Raises:
            DataError: The labels are not whole numbers, or not one for each
                prediction.
        """
        logits, labels = outputs["logits"], batch["labels"]  # (..., classes), (...)
        if labels.is_floating_point():
            raise _no_classes(labels)
        if is_single(logits) and labels.ndim == 1:
            logits = as_two_classes(logits)
        if labels.shape != logits.shape[:-1]:
            turned = logits.movedim(1, -1)
            if labels.shape != turned.shape[:-1]:
                raise DataError(
                    "the metrics function 'classification' was given labels of shape "
                    f"{tuple(labels.shape)}, and the logits of {tuple(logits.shape)} "
                    f"need {tuple(logits.shape[:-1])}; change the shape in the dataset"
                )
            logits = turned
        num_classes = logits.shape[-1]
        pairs = labels * num_classes + logits.argmax(-1)
        found, numbers = torch.unique(pairs[labels >= 0], return_counts=True)
        # Not tensors: see `ArrayStore`.
        return num_classes, found.tolist(), numbers.tolist()

    def compute(self, kept: Sequence[Any]) -> dict[str, float]:
        """Computes the metrics of all batches.

        Raises:
            DataError: No target has a class as its label.
        """
        sizes, pairs, numbers = zip(*kept, strict=True)
        num_classes = max(sizes)
        pair = torch.tensor([*chain.from_iterable(pairs)], dtype=torch.int64)
        # Exact up to 2**53.
        weights = torch.tensor([*chain.from_iterable(numbers)], dtype=torch.float64)
        if not len(pair):
            raise _no_classes()
        label, predicted = pair // num_classes, pair % num_classes
        is_right = label == predicted
        right = label[is_right].bincount(weights[is_right], num_classes)
        # How often a class was the label, and how often it was predicted.
        occurrences = label.bincount(weights, num_classes)
        occurrences += predicted.bincount(weights, num_classes)
        f1 = (2 * right / occurrences)[occurrences > 0]
        accuracy = right.sum() / weights.sum()
        return {"accuracy": accuracy.item(), "macro_f1": f1.mean().item()}


def _no_classes(labels: torch.Tensor | None = None) -> DataError:
    """Returns the error about labels that are no class numbers, if there are any."""
    what, instead = "none are there", "leave training.metrics_function out"
    if labels is not None:
        are_tags = labels.ndim > 1 and bool(((labels == 0) | (labels == 1)).all())
        kind = "multilabel_classification" if are_tags else "regression"
        what = f"they are {labels.dtype} of shape {tuple(labels.shape)}"
        instead = f"write training.metrics_function: {kind}"
    return DataError(
        "the metrics function 'classification' needs class numbers as labels, and "
        f"{what}; {instead}, or label the data"
    )
