"""Finds a learning rate or a batch size by trial.

Only the measurements of a trial are kept, no weights or checkpoints.
"""

from oumi_runtime.finding.batch_size import BatchSizes, find_batch_size
from oumi_runtime.finding.curve_files import save_curve
from oumi_runtime.finding.learning_rate import LearningRateCurve, find_learning_rate

__all__ = [
    "BatchSizes",
    "LearningRateCurve",
    "find_batch_size",
    "find_learning_rate",
    "save_curve",
]
