"""Looks into a user's images: arrays in an .npz archive, or pictures in folders.

Of an archive only the headers are read, and the arrays of labels and splits.
"""

import ast
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oumi_scaffold.exceptions import DataFileError

_SPLIT_WORDS = {"train", "training", "validation", "valid", "val", "dev"} | {
    *("test", "testing", "eval", "evaluation")
}
_MOST_BYTES = 200_000_000  # of labels, unpacked
_UNREADABLE = (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error, KeyError)


@dataclass(frozen=True)
class ImageFacts:
    """What a model of images has to know of them; None where it is not told."""

    num_classes: int
    splits: tuple[str, ...]
    num_to_share: int = 0
    """How many images there are, where none of them says its split."""
    in_channels: int | None = None
    image_size: int | None = None


def look_into_archive(path: Path) -> ImageFacts:
    """Reads the shapes of `images`, and the classes and splits.

    Raises:
        DataFileError: It is not an archive of that, or its images are not square.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            shapes = _shapes(archive)
            missing = {"images", "labels"} - shapes.keys()
            if missing:
                there = ", ".join(shapes) or "none"
                reason = f"it has no array {min(missing)}, only {there}"
                raise DataFileError(str(path), f"{reason}; save it with numpy.savez")
            labels = _array(archive, "labels")
            splits = _array(archive, "split") if "split" in shapes else None
    except _UNREADABLE as error:
        if isinstance(error, DataFileError):
            raise
        reason = f"it is not an .npz archive that can be read: {error}"
        raise DataFileError(str(path), reason) from error
    images = shapes["images"]
    if len(images) not in (3, 4) or images[-1] != images[-2]:
        reason = (
            f"its images are of shape {images}; give (samples, channels, size, size)"
        )
        raise DataFileError(str(path), reason)
    if labels.dtype.kind not in "iub" or labels.size == 0 or labels.min() < 0:
        raise DataFileError(str(path), "its labels are not whole numbers from 0")
    names = ("train",) if splits is None else tuple(dict.fromkeys(splits.tolist()))
    return ImageFacts(
        num_classes=int(labels.max()) + 1,
        num_to_share=labels.size if splits is None else 0,
        splits=tuple(str(name) for name in names),
        in_channels=1 if len(images) == 3 else images[1],
        image_size=images[-1],
    )


def look_into_folder(path: Path, split_names: Mapping[str, str]) -> ImageFacts:
    """Counts the classes of `FOLDER/train/CLASS/`, or of `FOLDER/CLASS/`.

    Args:
        path: The folder.
        split_names: The split that a folder of some name is.

    Raises:
        DataFileError: There is no such folder.
    """
    inside = _folders(path)
    splits = tuple(dict.fromkeys(split_names[n] for n in inside if n in split_names))
    if "train" in splits:
        classes = _folders(path / "train")
        if not classes:
            raise DataFileError(str(path / "train"), "it has no folder for any class")
        return ImageFacts(num_classes=len(classes), splits=splits)
    num_images = sum(
        each.is_file() and not each.name.startswith(".")
        for name in inside
        for each in (path / name).rglob("*")
    )
    if not num_images or any(name.lower() in _SPLIT_WORDS for name in inside):
        there = ", ".join(inside) or "no folder"
        reason = f"it has no folder train, only {there}; make it train/CLASS/*.png"
        raise DataFileError(str(path), reason)
    return ImageFacts(
        num_classes=len(inside), splits=("train",), num_to_share=num_images
    )


def _folders(path: Path) -> list[str]:
    return sorted(
        each.name
        for each in path.iterdir()
        if each.is_dir() and not each.name.startswith(".")
    )


def _shapes(archive: zipfile.ZipFile) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for member in archive.namelist():
        if member.endswith(".npy"):
            with archive.open(member) as file:
                shapes[member.removesuffix(".npy")] = _header(file.read(10_000))
    return shapes


def _header(start: bytes) -> tuple[int, ...]:
    """The shape that the first bytes of an .npy file tell; see NumPy's `format`."""
    if start[:6] != b"\x93NUMPY":
        raise ValueError("a member is not an array")
    width = 2 if start[6] == 1 else 4
    length = int.from_bytes(start[8 : 8 + width], "little")
    text = start[8 + width : 8 + width + length].decode("latin-1")
    shape = ast.literal_eval(text.strip())["shape"]
    if not all(isinstance(size, int) for size in shape):
        raise ValueError("a shape has a size that is not a whole number")
    return tuple(shape)


def _array(archive: zipfile.ZipFile, name: str) -> Any:
    import numpy as np

    if archive.getinfo(f"{name}.npy").file_size > _MOST_BYTES:
        raise ValueError(f"array {name} unpacks to more than {_MOST_BYTES:,} bytes")
    with archive.open(f"{name}.npy") as file:
        return np.lib.format.read_array(file, allow_pickle=False)
