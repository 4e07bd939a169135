"""Regression metrics, computed by torchmetrics."""

import torch

from oumi_runtime.core.registry import RegistryType, register
from oumi_runtime.core.trainers.evaluation import EvalPrediction
from oumi_runtime.exceptions import DataError


@register("regression", RegistryType.METRICS_FUNCTION)
def regression(prediction: EvalPrediction) -> dict[str, float]:
    """Computes R2 and the mean absolute error.

    Args:
        prediction: Predicted amounts and labels, both (samples,); a last dimension of 1
            is left out.

    Returns:
        `r2`, the coefficient of determination: 0 for always predicting the mean, 1 at
        best. `mae`, in the unit of the labels.

    Raises:
        DataError: There are not as many predictions as labels, or fewer than two.
    """
    # Imported only when metrics are computed: it takes as long as torch.
    from torchmetrics.functional.regression import mean_absolute_error, r2_score

    predicted = torch.from_numpy(prediction.predictions).flatten()
    labels = torch.from_numpy(prediction.label_ids).flatten().to(predicted.dtype)
    if len(predicted) != len(labels) or len(labels) < 2:
        raise DataError(
            "the metrics function 'regression' needs an amount for each of two labels "
            f"or more, not {len(predicted)} for {len(labels)}"
        )
    return {
        "r2": r2_score(predicted, labels).item(),
        "mae": mean_absolute_error(predicted, labels).item(),
    }
