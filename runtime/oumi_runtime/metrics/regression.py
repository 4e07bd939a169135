"""Regression metrics, computed by torchmetrics."""

import numpy as np
import torch

from oumi_runtime.core.registry import RegistryType, register
from oumi_runtime.core.trainers.evaluation import EvalPrediction
from oumi_runtime.exceptions import DataError


@register("regression", RegistryType.METRICS_FUNCTION)
def regression(prediction: EvalPrediction) -> dict[str, float]:
    """Computes R2 and the mean absolute error.

    Args:
        prediction: Predicted amounts and labels, both (samples,) or (samples,
            amounts); a last dimension of 1 is left out.

    Returns:
        `r2`, the coefficient of determination: 0 for always predicting the mean, 1 at
        best; of several amounts, the mean of theirs. `mae`, in the unit of the labels.

    Raises:
        DataError: There are not as many predictions as labels, or fewer than two.
    """
    # Imported only when metrics are computed: it takes as long as torch.
    from torchmetrics.functional.regression import mean_absolute_error, r2_score

    predicted = _amounts(prediction.predictions)
    labels = _amounts(prediction.label_ids).to(predicted.dtype)
    if predicted.shape != labels.shape or len(labels) < 2:
        raise DataError(
            "the metrics function 'regression' needs an amount for each of two labels "
            f"or more, not {_counted(predicted)} for {_counted(labels)}"
        )
    return {
        "r2": r2_score(predicted, labels).item(),
        "mae": mean_absolute_error(predicted, labels).item(),
    }


def _amounts(values: np.ndarray) -> torch.Tensor:
    """Returns the values as (samples,), or (samples, amounts) if there are several."""
    rows = torch.from_numpy(values)
    return rows.reshape(len(rows), -1).squeeze(1)


def _counted(rows: torch.Tensor) -> str:
    return " x ".join(map(str, rows.shape))
