"""The handwritten digits as a table of numbers."""

import torch

from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.core.registry import register_dataset
from oumi_runtime.datasets.digits import Digits


@register_dataset("digits_table")
class DigitsTable(ColumnDataset):
    """The images of the `digits` dataset as rows of numbers.

    Columns: `features` (64,) float32 in 0..1, the pixels row by row; `labels` ()
    int64, 0 to 9. The splits are those of `digits`.
    """

    def __init__(self, split: str = "train") -> None:
        """Loads one split.

        Args:
            split: train, validation or test.

        Raises:
            DataError: The split is unknown.
        """
        digits = Digits(split)
        batch = digits.take(torch.arange(len(digits)))
        super().__init__(
            {"features": batch["images"].flatten(1), "labels": batch["labels"]},
            label_names=digits.label_names,
        )
