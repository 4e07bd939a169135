"""The user's own arrays."""

from pathlib import Path

import numpy as np
import pytest
import torch

from oumi_runtime.datasets import NpzFile
from oumi_runtime.exceptions import DataError

IMAGES = np.arange(6 * 4, dtype=np.uint8).reshape(6, 2, 2)
SPLITS = np.array(["train", "train", "test", "train", "validation", "test"])


@pytest.fixture
def save(tmp_path):
    def save_arrays(compressed=False, **arrays):
        path = tmp_path / "data.npz"
        (np.savez_compressed if compressed else np.savez)(path, **arrays)
        return str(path)

    return save_arrays


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(
    ("split", "kept"),
    [("train", [0, 1, 3]), ("test", [2, 5]), ("validation", [4]), (None, range(6))],
)
def test_the_split_column_chooses_the_samples(save, split, kept, compressed):
    path = save(compressed, images=IMAGES, labels=np.arange(6), split=SPLITS)
    dataset = NpzFile(path, split)
    assert dataset.columns["labels"].tolist() == list(kept)
    assert sorted(dataset.columns) == ["images", "labels"]


def test_split_names_can_be_bytes_and_the_column_can_have_another_name(save):
    path = save(labels=np.arange(6), part=SPLITS.astype("S"))
    dataset = NpzFile(path, "test", npz_split_col="part")
    assert dataset.columns["labels"].tolist() == [2, 5]


def test_without_a_split_column_every_sample_is_kept(save):
    assert len(NpzFile(save(labels=np.arange(6)), "train")) == 6


def test_images_of_bytes_become_shares_with_a_channel(save):
    images = NpzFile(save(images=IMAGES)).columns["images"]
    assert images.shape == (6, 1, 2, 2)
    assert images.dtype == torch.float32
    assert torch.equal(images[1, 0] * 255, torch.tensor([[4.0, 5.0], [6.0, 7.0]]))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_images_of_fractions_stay_as_they_are(save, dtype):
    array = np.linspace(-1, 2, 6 * 3 * 4).reshape(6, 3, 2, 2).astype(dtype)
    images = NpzFile(save(images=array)).columns["images"]
    assert images.shape == (6, 3, 2, 2)
    assert images.dtype == torch.float32
    assert np.array_equal(images.numpy(), array.astype(np.float32))


@pytest.mark.parametrize(
    ("dtype", "wanted"),
    [
        (np.uint8, torch.int64),
        (np.int32, torch.int64),
        (np.bool_, torch.int64),
        (np.float64, torch.float32),
    ],
)
def test_other_arrays_become_int64_or_float32(save, dtype, wanted):
    dataset = NpzFile(save(x=np.array([0, 1]).astype(dtype)))
    assert dataset.columns["x"].dtype == wanted
    assert dataset.columns["x"].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"images": IMAGES, "labels": np.arange(5)}, "of equal length, not"),
        ({"x": np.array([{}, []], dtype=object)}, "array 'x' cannot be read"),
        ({"x": np.array(["a", "b"])}, "'x' is of <U1, but must be numeric"),
        ({"x": np.float32(3)}, "'x' is a scalar; arrays need a dimension"),
        ({}, "has no arrays"),
        ({"split": SPLITS}, "has no arrays except 'split'"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(save, arrays, sentence):
    path = save(**arrays)
    with pytest.raises(DataError, match=sentence) as error:
        NpzFile(path)
    assert str(error.value).startswith(path)
    assert "\n" not in str(error.value)


def test_a_split_that_no_sample_has_is_refused(save):
    path = save(labels=np.arange(6), split=SPLITS)
    with pytest.raises(DataError, match=r"'dev', only test, train, validation"):
        NpzFile(path, "dev")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no file at .*data\.npz; set dataset_path"):
        NpzFile(str(tmp_path / "data.npz"))


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 and no more"])
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    path = tmp_path / "data.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"is not an \.npz archive"):
        NpzFile(str(path))


def test_a_bare_array_is_refused(tmp_path):
    with (tmp_path / "data.npz").open("wb") as file:
        np.save(file, IMAGES)
    with pytest.raises(
        DataError, match=r"a single array; save an archive with numpy\.savez"
    ):
        NpzFile(str(tmp_path / "data.npz"))


@pytest.mark.parametrize("compressed", [False, True])
def test_a_damaged_array_is_refused(save, compressed):
    path = save(compressed, images=np.arange(900))
    with Path(path).open("r+b") as file:
        file.seek(300)
        file.write(b"\xff" * 200)
    with pytest.raises(DataError, match=r"data\.npz"):
        NpzFile(path)
