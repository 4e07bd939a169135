"""The handwritten digits as a table of numbers."""

import torch

from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.core.registry import register_dataset
from oumi_runtime.datasets.digits import Digits
from oumi_runtime.datasets.readers.split_files import check_number


@register_dataset("digits_table")
class DigitsTable(ColumnDataset):
    """The images of the `digits` dataset as rows of numbers.

    Columns: `features` (num_features,) float32 in 0..1, the pixels row by row; `labels`
    () int64, 0 to 9. The splits are those of `digits`.
    """

    def __init__(
        self, split: str = "train", num_features: int = 64, num_classes: int = 10
    ) -> None:
        """Loads one split.

        Args:
            split: train, validation or test.
            num_features: How many pixels, those that differ most between images.
            num_classes: How many digits; see `Digits`.

        Raises:
            DataError: The split is unknown, or a number out of range.
        """
        check_number("digits_table", "num_features", num_features, 1, 64)
        digits = Digits(split, num_classes=num_classes)
        pixels, labels = _pixels_of(digits), digits.columns["labels"]
        spread = _pixels_of(Digits()).var(dim=0)  # (64,), the same for every split
        chosen = spread.topk(num_features).indices.sort().values
        super().__init__(
            {"features": pixels[:, chosen], "labels": labels},
            label_names=digits.label_names,
        )


def _pixels_of(digits: Digits) -> torch.Tensor:
    """Returns the images as rows, (samples, 64) float32."""
    return digits.take(torch.arange(len(digits)))["images"].flatten(1)
