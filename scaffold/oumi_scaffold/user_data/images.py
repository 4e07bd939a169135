"""Looks into a user's images: arrays in an .npz archive, or pictures in folders.

Of an archive only the headers are read, and the arrays of labels and splits.
"""

import ast
import zipfile
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from oumi_scaffold.exceptions import DataFileError
from oumi_scaffold.user_data.files import SPLITS
from oumi_scaffold.user_data.findings import UserData, largest_of

_SPLIT_WORDS = {"train", "training", "validation", "valid", "val", "dev"} | {
    *("test", "testing", "eval", "evaluation")
}
_PICTURE_SIZE = 32  # to which the dataset brings pictures of every size
_MOST_BYTES = 200_000_000  # of labels, unpacked
_UNREADABLE = (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error, KeyError)


def labelled_images(path: Path, _: Mapping[str, str]) -> UserData:
    """Images with a class each.

    Raises:
        DataFileError: There are none that can be read, or they are not square.
    """
    if path.is_dir():
        return _in_folders(path)
    if path.suffix.lower() != ".npz":
        reason = "give an .npz file, or a folder of pictures: CLASS/*.png"
        raise DataFileError(str(path), reason)
    return _in_archive(path)


def _in_archive(path: Path) -> UserData:
    shape, labels, splits = _arrays(path)
    if len(shape) not in (3, 4) or shape[-1] != shape[-2]:
        reason = (
            f"its images are of shape {shape}; give (samples, channels, size, size)"
        )
        raise DataFileError(str(path), reason)
    if labels.dtype.kind not in "iub" or labels.size == 0 or labels.min() < 0:
        raise DataFileError(str(path), "its labels are not whole numbers from 0")
    if splits is not None and "train" not in splits:
        there = ", ".join(splits)
        raise DataFileError(str(path), f"it has no split train, only {there}")
    return UserData(
        "npz_file",
        splits or ("train",),
        arguments={
            "num_classes": int(labels.max()) + 1,
            "image_size": shape[-1],
            "in_channels": 1 if len(shape) == 3 else shape[1],
        },
        num_rows=labels.size if splits is None else 0,
        largest=largest_of(Counter[str | int](labels.ravel().tolist())),
    ).shared()


def _arrays(path: Path) -> tuple[tuple[int, ...], Any, tuple[str, ...] | None]:
    """Reads the shape of the images, the labels, and the splits if they are named."""
    try:
        with zipfile.ZipFile(path) as archive:
            shapes = _shapes(archive)
            missing = {"images", "labels"} - shapes.keys()
            if missing:
                there = ", ".join(shapes) or "none"
                reason = f"it has no array {min(missing)}, only {there}"
                raise DataFileError(str(path), f"{reason}; save it with numpy.savez")
            labels = _array(archive, "labels")
            split = _array(archive, "split") if "split" in shapes else None
    except _UNREADABLE as error:
        if isinstance(error, DataFileError):
            raise
        reason = f"it is not an .npz archive that can be read: {error}"
        raise DataFileError(str(path), reason) from error
    splits = None if split is None else tuple(dict.fromkeys(map(str, split.tolist())))
    return shapes["images"], labels, splits


def _in_folders(path: Path) -> UserData:
    """Counts the classes of `FOLDER/train/CLASS/`, or of `FOLDER/CLASS/`."""
    inside = _folders(path)
    splits = tuple(dict.fromkeys(SPLITS[name] for name in inside if name in SPLITS))
    if "train" in splits:
        classes, num_images = _folders(path / "train"), 0
        if not classes:
            raise DataFileError(str(path / "train"), "it has no folder for any class")
        images = _images_in(path / "train", classes)
    else:
        classes, splits = inside, ("train",)
        images = _images_in(path, classes)
        num_images = sum(images.values())
        if not num_images or any(name.lower() in _SPLIT_WORDS for name in inside):
            there = ", ".join(inside)
            reason = f"it has no folder train, only {there}; make it train/CLASS/*.png"
            if not inside:
                reason = "it has no folders; make one for each class: CLASS/*.png"
            raise DataFileError(str(path), reason)
    size = {"image_size": _PICTURE_SIZE}
    return UserData(
        "image_folder",
        splits,
        size,
        {"num_classes": len(classes), **size, "in_channels": 3},
        num_rows=num_images,
        largest=largest_of(images),
    ).shared()


def _images_in(path: Path, classes: Sequence[str]) -> Mapping[str | int, int]:
    """Counts the files in the folder of each class."""
    return {
        name: sum(
            each.is_file() and not each.name.startswith(".")
            for each in (path / name).rglob("*")
        )
        for name in classes
    }


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
