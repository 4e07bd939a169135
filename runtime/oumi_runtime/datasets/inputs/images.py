"""Images to predict from: a file, or all in a folder."""

from pathlib import Path
from typing import Any

from torch.utils.data import Dataset

from oumi_runtime.datasets.readers.images import (
    IMAGE_SUFFIXES,
    check_image_options,
    read_image,
    require_pillow,
)
from oumi_runtime.exceptions import DataError


class ImageFiles(Dataset[dict[str, Any]]):
    """Images without labels, read as they are needed, in the order of their paths.

    Samples: `images` (channels, height, width) float32 in 0..1.
    """

    def __init__(self, path: Path, image_size: int | None, channels: int) -> None:
        """Finds the images.

        Args:
            path: An image, or a folder with images at any depth.
            image_size: Side length in pixels to resize all images to, bilinearly. None
                if they are of equal size already.
            channels: 1 for greyscale, 3 for RGB.

        Raises:
            DataError: There is no image, or an option is wrong.
            MissingExtraError: Pillow is not installed.
        """
        require_pillow("reading images")
        check_image_options(str(path), image_size, channels)
        self.dataset_name = str(path)
        self._image_size, self._channels = image_size, channels
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        self.files = [f for f in found if f.suffix.lower() in IMAGE_SUFFIXES]
        if not self.files:
            raise DataError(
                f"{path} {'has no images' if path.is_dir() else 'is not an image'}; "
                f"file types are {', '.join(sorted(IMAGE_SUFFIXES))}"
            )

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> dict[str, Any]:
        pixels = read_image(self.files[index], self._image_size, self._channels)
        return {"images": pixels}
