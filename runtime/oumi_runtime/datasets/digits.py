"""Handwritten digits: 1,797 small greyscale images from UCI, shipped with the package.

Source and licence (CC BY 4.0) are in DATA.md beside this file.
"""

from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch.nn import functional as F

from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.core.registry import register_dataset
from oumi_runtime.datasets.readers.split_files import check_split
from oumi_runtime.exceptions import DataError

_LARGEST_PIXEL = 16.0


@register_dataset("digits")
class Digits(ColumnDataset):
    """Images of handwritten digits with their classes, 0 to 9.

    Columns: `images` (1, image_size, image_size) float32 in 0..1, `labels` () int64.
    The splits are parts of one fixed permutation: 1,437 for training, 180 each for
    validation and test.
    """

    bounds: ClassVar[dict[str, tuple[int, int]]] = {
        "train": (0, 1437),
        "validation": (1437, 1617),
        "test": (1617, 1797),
    }

    def __init__(self, split: str = "train", image_size: int = 8) -> None:
        """Loads one split.

        Args:
            split: train, validation or test.
            image_size: Side length of the images in pixels; if it is not 8, they are
                resized bilinearly. 28 is the size of MNIST.

        Raises:
            DataError: An unknown split, or a size below 1.
        """
        check_split("digits", split)
        if not isinstance(image_size, int) or image_size < 1:
            raise DataError(
                f"digits: image_size is {image_size!r}; give a whole number of pixels, "
                "1 or more"
            )
        with np.load(Path(__file__).with_name("digits.npz")) as archive:
            pixels = torch.from_numpy(archive["images"]).float()
            labels = torch.from_numpy(archive["labels"]).long()
        images = (pixels / _LARGEST_PIXEL).unsqueeze(1)  # (N, 1, 8, 8)
        if image_size != images.shape[-1]:
            size = (image_size, image_size)
            images = F.interpolate(images, size, mode="bilinear", align_corners=False)
        order = torch.from_numpy(np.random.RandomState(0).permutation(len(labels)))
        chosen = order[slice(*self.bounds[split])]
        super().__init__(
            {"images": images[chosen], "labels": labels[chosen]},
            label_names=[str(digit) for digit in range(10)],
        )
