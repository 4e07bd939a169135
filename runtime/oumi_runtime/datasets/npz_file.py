"""Arrays from the user's own NumPy .npz archive."""

import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch

from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.core.registry import register_dataset
from oumi_runtime.exceptions import DataError

# Raised for other kinds of files, truncated ones, and arrays of pickled objects.
_UNREADABLE = (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error)


@register_dataset("npz_file")
class NpzFile(ColumnDataset):
    """The arrays of an archive as columns of the same names.

    The first dimension of every array is that of the samples. Integers become int64,
    floats float32. An `images` array of bytes becomes float32 in 0..1, and one of
    (samples, height, width) gets a channel dimension of size 1.
    """

    def __init__(
        self,
        dataset_path: str,
        split: str | None = None,
        npz_split_col: str = "split",
    ) -> None:
        """Reads the archive.

        Args:
            dataset_path: The .npz file. Arrays of Python objects are refused.
            split: The split to read: the samples whose `npz_split_col` has this value,
                or all of them without such an array.
            npz_split_col: The name of the array with the split of each sample.

        Raises:
            DataError: The file is missing or not an archive, or its arrays are
                unsuitable.
        """
        path = Path(dataset_path)
        arrays = _read_arrays(path)
        lengths = {name: len(array) for name, array in arrays.items()}
        if len(set(lengths.values())) != 1:
            raise DataError(f"{path}: arrays must be of equal length, not {lengths}")
        splits = arrays.pop(npz_split_col, None)
        if splits is not None and split is not None:
            names = splits.astype(str)
            kept = names == split
            if not kept.any():
                there = ", ".join(sorted(set(names.tolist())))
                raise DataError(f"{path} has no split {split!r}, only {there}")
            arrays = {name: array[kept] for name, array in arrays.items()}
        if not arrays:
            raise DataError(f"{path} has no arrays except {npz_split_col!r}")
        super().__init__(
            {name: _to_tensor(name, array, path) for name, array in arrays.items()}
        )


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise DataError(f"no file at {path}; set dataset_path to an .npz archive")
    # If numpy opened the file itself, it would leave a damaged one open.
    with path.open("rb") as file:
        arrays = _read_open_file(file, path)
    if not arrays:
        raise DataError(f"{path} has no arrays")
    return arrays


def _read_open_file(file: BinaryIO, path: Path) -> dict[str, np.ndarray]:
    try:
        archive = np.load(file, allow_pickle=False)
    except _UNREADABLE as error:
        raise DataError(f"{path} is not an .npz archive: {error}") from error
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise DataError(f"{path} is a single array; save an archive with numpy.savez")
    arrays: dict[str, np.ndarray] = {}
    for name in archive.files:
        try:
            arrays[name] = archive[name]
        except _UNREADABLE as error:
            raise DataError(
                f"{path}: array {name!r} cannot be read: {error}"
            ) from error
        if not isinstance(arrays[name], np.ndarray) or arrays[name].ndim == 0:
            raise DataError(
                f"{path}: {name!r} is a scalar; arrays need a dimension for the samples"
            )
    return arrays


def _to_tensor(name: str, array: np.ndarray, path: Path) -> torch.Tensor:
    if array.dtype.kind not in "biuf":
        raise DataError(
            f"{path}: array {name!r} is of {array.dtype}, but must be numeric"
        )
    if name == "images":
        scale = 255.0 if array.dtype == np.uint8 else 1.0
        images = torch.from_numpy(array.astype(np.float32) / scale)
        return images.unsqueeze(1) if images.ndim == 3 else images
    wanted = np.float32 if array.dtype.kind == "f" else np.int64
    return torch.from_numpy(array.astype(wanted))
