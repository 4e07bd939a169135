"""Converts images to tensors; Pillow is imported only when it is needed."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from oumi_runtime.exceptions import DataError, MissingExtraError

IMAGE_SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm")
)
_LARGEST_OF_16_BITS = 65535.0


def require_pillow(asked_by: str) -> Any:
    """Returns Pillow's `Image` module.

    Raises:
        MissingExtraError: Pillow is not installed.
    """
    try:
        from PIL import Image
    except ModuleNotFoundError as error:
        raise MissingExtraError("pillow", asked_by, "images") from error
    return Image


def check_image_options(where: str, image_size: int | None, channels: int) -> None:
    """Checks an image size and a number of channels.

    Raises:
        DataError: One of them is not possible.
    """
    if channels not in (1, 3):
        raise DataError(f"{where}: channels is {channels!r}; give 1 (grey) or 3 (RGB)")
    if image_size is not None and (not isinstance(image_size, int) or image_size < 1):
        raise DataError(
            f"{where}: image_size is {image_size!r}; give a whole number of pixels, 1 "
            "or more"
        )


def read_image(path: Path, image_size: int | None, channels: int) -> torch.Tensor:
    """Reads an image file; see `to_image_tensor`.

    Raises:
        DataError: It cannot be read.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            return to_image_tensor(image, image_size, channels)
    except Exception as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def to_image_tensor(image: Any, image_size: int | None, channels: int) -> torch.Tensor:
    """Converts a Pillow image to a tensor, upright as its EXIF data says.

    Args:
        image: The image, of 8 bits a channel or of 16 bits in grey.
        image_size: Side length in pixels to resize it to, bilinearly; None for no
            resizing.
        channels: 1 for greyscale, 3 for RGB.

    Returns:
        (channels, height, width) float32 in 0..1.

    Raises:
        DataError: It has pixels of 32 bits, whose range is unknown.
    """
    from PIL import ImageOps

    is_deep = image.mode.startswith("I;16") or (
        image.mode == "I" and image.format == "PNG"  # As Pillow 10 opens 16 bits.
    )
    picture = ImageOps.exif_transpose(image)
    if is_deep:
        picture = _float_picture(picture)
    elif image.mode in ("I", "F"):
        raise DataError(
            f"its pixels have 32 bits (mode {image.mode}), whose range is unknown; "
            "save it with 8 or 16 bits"
        )
    else:
        picture = picture.convert("L" if channels == 1 else "RGB")
    if image_size is not None and picture.size != (image_size, image_size):
        # 2 is Pillow's BILINEAR.
        picture = picture.resize((image_size, image_size), 2)
    scale = _LARGEST_OF_16_BITS if is_deep else 255.0
    pixels = torch.from_numpy(np.asarray(picture, dtype=np.float32) / scale)
    if pixels.ndim == 2:
        return pixels.repeat(channels, 1, 1)
    return pixels.permute(2, 0, 1).contiguous()


def _float_picture(picture: Any) -> Any:
    """Returns a picture of 16 bits as floats, since Pillow clips them at 255."""
    from PIL import Image

    return Image.fromarray(np.asarray(picture).astype(np.float32))
