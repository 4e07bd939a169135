"""Finds the metrics function of a config."""

import inspect
from typing import Any, cast

from tokenizers import Tokenizer

import oumi_runtime.metrics  # noqa: F401  registers the built-in metrics
from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.core.trainers.evaluation import BatchMetrics, MetricsFunction


def build_metrics_function(
    config: TrainingParams, tokenizer: Tokenizer | None = None
) -> MetricsFunction | BatchMetrics | None:
    """Returns the metrics function; None if the config does not name one.

    Args:
        config: The training section.
        tokenizer: The tokenizer, for metrics on generated text.

    Raises:
        KeyError: The name is not registered.
    """
    if config.metrics_function is None:
        return None
    found: Any = REGISTRY[config.metrics_function, RegistryType.METRICS_FUNCTION]
    if inspect.isclass(found) and issubclass(found, BatchMetrics):
        return found(tokenizer)
    return cast(MetricsFunction, found)
