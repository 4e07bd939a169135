"""The user's own images, in one folder per class."""

from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset

from oumi_runtime.core.registry import register_dataset
from oumi_runtime.datasets.readers.images import (
    IMAGE_SUFFIXES,
    check_image_options,
    read_image,
    require_pillow,
)
from oumi_runtime.datasets.readers.split_files import SPLIT_NAMES
from oumi_runtime.exceptions import DataError

_SPLITS = {"train", "training", "test", "testing", "eval", "evaluation"}
_SPLITS |= set(SPLIT_NAMES["validation"])


@register_dataset("image_folder")
class ImageFolder(Dataset[dict[str, Any]]):
    """Images in `FOLDER/SPLIT/CLASS/` or `FOLDER/CLASS/`, read as they are needed.

    Samples: `images` (channels, height, width) float32 in 0..1, `labels` () int64. The
    classes are the folders of the training split, in alphabetical order; if there is no
    training split, those of the split itself.
    """

    def __init__(
        self,
        dataset_path: str,
        split: str = "train",
        image_size: int | None = None,
        channels: int = 3,
    ) -> None:
        """Finds the images of one split.

        Args:
            dataset_path: A folder with one folder per split, or one per class.
            split: train, validation or test. Without folders for splits, every split
                has all images; set the dataset's `split_shares` to divide them.
            image_size: Side length in pixels to resize all images to, bilinearly. None
                if they are of equal size already.
            channels: 1 for greyscale, 3 for RGB.

        Raises:
            DataError: A folder is missing or has no images, or an option is wrong.
            MissingExtraError: Pillow is not installed.
        """
        check_image_options("image_folder", image_size, channels)
        require_pillow("dataset 'image_folder'")
        self.dataset_name = "image_folder"
        self.dataset_path = dataset_path
        self._image_size = image_size
        self._channels = channels
        folder = _split_folder(Path(dataset_path), split)
        first = _split_folder(Path(dataset_path), "train", otherwise=folder)
        self.label_names = _folders_in(first)
        unknown = sorted(set(_folders_in(folder)) - set(self.label_names))
        if unknown:
            raise DataError(
                f"{folder / unknown[0]} is a class that the training split does not "
                f"have: {', '.join(self.label_names)}"
            )
        self.files = [
            (path, label)
            for label, name in enumerate(self.label_names)
            for path in sorted((folder / name).rglob("*"))
            if path.suffix.lower() in IMAGE_SUFFIXES
        ]
        if not self.files:
            raise DataError(
                f"{folder} has no images in folders for their classes; file types are "
                f"{', '.join(sorted(IMAGE_SUFFIXES))}"
            )

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> dict[str, Any]:
        path, label = self.files[index]
        pixels = read_image(path, self._image_size, self._channels)
        return {"images": pixels, "labels": torch.tensor(label)}


def _split_folder(folder: Path, split: str, otherwise: Path | None = None) -> Path:
    """Returns the folder of a split; the folder itself if it has none for splits."""
    for name in SPLIT_NAMES.get(split, (split,)):
        if (folder / name).is_dir():
            return folder / name
    if otherwise is not None:
        return otherwise
    if not folder.is_dir():
        raise DataError(f"no folder at {folder}; set dataset_path to one of images")
    there = _folders_in(folder)
    if there and not any(name.lower() in _SPLITS for name in there):
        return folder
    raise DataError(
        f"{folder} has no {split} split, only {', '.join(there) or 'no folder'}; "
        f"put the images into {folder / split}/CLASS/"
    )


def _folders_in(folder: Path) -> list[str]:
    return sorted(
        path.name
        for path in folder.iterdir()
        if path.is_dir() and not path.name.startswith(".")
    )
