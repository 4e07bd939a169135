"""Metrics of classification, computed by torchmetrics."""

import torch

from oumi_runtime.core.registry import RegistryType, register
from oumi_runtime.core.trainers.evaluation import EvalPrediction
from oumi_runtime.exceptions import DataError


@register("classification", RegistryType.METRICS_FUNCTION)
def classification(prediction: EvalPrediction) -> dict[str, float]:
    """Computes accuracy and macro-averaged F1.

    Args:
        prediction: Logits (samples, classes) and labels (samples,); samples with a
            negative label are ignored.

    Returns:
        `accuracy`, the share of samples whose largest logit is the label's, and
        `macro_f1`, the mean of the F1 of the classes that occur.

    Raises:
        DataError: No sample has a class as its label.
    """
    # Imported only when metrics are computed: it takes as long as torch.
    from torchmetrics.functional.classification import (
        multiclass_accuracy,
        multiclass_f1_score,
    )

    logits = torch.from_numpy(prediction.predictions)
    labels = torch.from_numpy(prediction.label_ids)
    if labels.is_floating_point() or not (labels >= 0).any():
        raise DataError(
            "the metrics function 'classification' needs class numbers as labels, and "
            "none are there; leave training.metrics_function out, or label the data"
        )
    logits, labels = logits[labels >= 0], labels[labels >= 0]
    num_classes = logits.shape[-1]
    accuracy = multiclass_accuracy(logits, labels, num_classes, average="micro")
    macro_f1 = multiclass_f1_score(logits, labels, num_classes, average="macro")
    return {"accuracy": accuracy.item(), "macro_f1": macro_f1.item()}
