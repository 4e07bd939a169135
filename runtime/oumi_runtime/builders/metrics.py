"""Finds the metrics function that a config names."""

import oumi_runtime.metrics  # noqa: F401  registers the built-in metrics
from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.core.trainers.evaluation import MetricsFunction


def build_metrics_function(config: TrainingParams) -> MetricsFunction | None:
    """Finds the metrics function; None where the config names none.

    Raises:
        KeyError: The name is not registered.
    """
    if config.metrics_function is None:
        return None
    function: MetricsFunction = REGISTRY[
        config.metrics_function, RegistryType.METRICS_FUNCTION
    ]
    return function
