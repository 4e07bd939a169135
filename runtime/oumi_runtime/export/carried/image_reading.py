"""Reads pictures as those that the model in this folder was trained on."""

from os import PathLike
from typing import Any

import numpy as np
from PIL import Image


def read_image(picture: Any, image_size: int | None, channels: int) -> np.ndarray:
    """Returns a picture as an array, (channels, height, width) float32 in 0..1.

    Args:
        picture: A file, or an image of Pillow.
        image_size: Side length in pixels to resize it to, bilinearly; None for no
            resizing.
        channels: 1 for greyscale, 3 for RGB.
    """
    if isinstance(picture, str | PathLike):
        with Image.open(picture) as opened:
            return read_image(opened, image_size, channels)
    image = picture.convert("L" if channels == 1 else "RGB")
    if image_size is not None and image.size != (image_size, image_size):
        image = image.resize((image_size, image_size), Image.Resampling.BILINEAR)
    pixels = np.asarray(image, dtype=np.float32) / 255.0
    return pixels[None] if channels == 1 else np.moveaxis(pixels, -1, 0).copy()
