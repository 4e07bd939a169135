"""Reads pictures as those that the model in this folder was trained on."""

from os import PathLike
from typing import Any

import numpy as np
from PIL import Image, ImageOps


def read_image(picture: Any, image_size: int | None, channels: int) -> np.ndarray:
    """Returns a picture as an array, (channels, height, width) float32 in 0..1.

    Args:
        picture: A file, or an image of Pillow; it is turned upright as its EXIF data
            says.
        image_size: Side length in pixels to resize it to, bilinearly; None for no
            resizing.
        channels: 1 for greyscale, 3 for RGB.

    Raises:
        ValueError: It has pixels of 32 bits, whose range is unknown.
    """
    if isinstance(picture, str | PathLike):
        with Image.open(picture) as opened:
            return read_image(opened, image_size, channels)
    is_png = picture.format == "PNG"  # Of 16 bits, which older versions call 32.
    is_deep = picture.mode.startswith("I;16") or (picture.mode == "I" and is_png)
    image = ImageOps.exif_transpose(picture)
    if is_deep:  # As floats, since Pillow clips them at 255.
        image = Image.fromarray(np.asarray(image).astype(np.float32))
    elif image.mode in ("I", "F"):
        raise ValueError("its pixels have 32 bits; save it with 8 or 16")
    else:
        image = image.convert("L" if channels == 1 else "RGB")
    if image_size is not None and image.size != (image_size, image_size):
        image = image.resize((image_size, image_size), Image.Resampling.BILINEAR)
    pixels = np.asarray(image, dtype=np.float32) / (65535.0 if is_deep else 255.0)
    if pixels.ndim == 2:
        return np.repeat(pixels[None], channels, axis=0)
    return np.moveaxis(pixels, -1, 0).copy()
