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
from oumi_runtime.datasets.readers.split_files import check_number, check_split
from oumi_runtime.exceptions import DataError

_LARGEST_PIXEL = 16.0


@register_dataset("digits")
class Digits(ColumnDataset):
    """Images of handwritten digits with their classes, 0 to 9.

    Columns: `images` (channels, image_size, image_size) float32 in 0..1, `labels` ()
    int64. The splits are parts of one fixed permutation: 1,437 for training, 180 each
    for validation and test.
    """

    bounds: ClassVar[dict[str, tuple[int, int]]] = {
        "train": (0, 1437),
        "validation": (1437, 1617),
        "test": (1617, 1797),
    }

    def __init__(
        self,
        split: str = "train",
        image_size: int = 8,
        channels: int = 1,
        num_classes: int = 10,
    ) -> None:
        """Loads one split.

        Args:
            split: train, validation or test.
            image_size: Side length of the images in pixels; if it is not 8, they are
                resized bilinearly. 28 is the size of MNIST.
            channels: How often each grey value is given; 3 for RGB.
            num_classes: How many digits, from 0 on; the images of others are left out.

        Raises:
            DataError: An unknown split, or a number out of range.
        """
        check_split("digits", split)
        check_number("digits", "channels", channels, 1, 1000)
        check_number("digits", "num_classes", num_classes, 1, 10)
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
        chosen = chosen[labels[chosen] < num_classes]
        super().__init__(
            {
                "images": images[chosen].repeat(1, channels, 1, 1),
                "labels": labels[chosen],
            },
            label_names=[str(digit) for digit in range(num_classes)],
        )
