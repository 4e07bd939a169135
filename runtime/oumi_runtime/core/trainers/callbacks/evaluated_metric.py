"""The metric of an evaluation that a callback decides by."""

from collections.abc import Mapping

from oumi_runtime.exceptions import TrainingMetricError


def evaluated_metric(metrics: Mapping[str, float], name: str) -> float | None:
    """Returns a metric of a log line; None if the line is not of an evaluation.

    Args:
        metrics: What is logged, by name.
        name: The metric, such as `eval_loss`.

    Raises:
        TrainingMetricError: The evaluation does not include the metric.
    """
    if not any(each.startswith("eval_") for each in metrics):
        return None
    if name not in metrics:
        raise TrainingMetricError(name, metrics)
    return metrics[name]
