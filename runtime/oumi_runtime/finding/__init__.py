"""Finds what to train with, by trying: a learning rate, a batch size.

Nothing of a trial is kept but its numbers: neither weights nor checkpoints.
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
