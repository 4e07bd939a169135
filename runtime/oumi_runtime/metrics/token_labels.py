"""Checks that there are labels of tokens, for the metrics that need them."""

from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.exceptions import DataError


def require_token_labels(batch: Batch, metrics: str) -> None:
    """Checks that the labels of a batch are (batch, sequence).

    Args:
        batch: The columns of the batch.
        metrics: The registered name of the metrics, for the message.

    Raises:
        DataError: They are not.
    """
    shape = tuple(batch["labels"].shape)
    if len(shape) != 2:
        raise DataError(
            f"the metrics function {metrics!r} needs a label for each token of a text, "
            f"not labels of shape {shape}; name another in training.metrics_function, "
            "or leave it out"
        )
