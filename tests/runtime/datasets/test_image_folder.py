"""The user's own pictures in a folder for each class."""

import numpy as np
import pytest
import torch

from oumi_runtime.core.datasets import Stream, StreamSource
from oumi_runtime.datasets import ImageFolder
from oumi_runtime.exceptions import DataError, MissingExtraError

Image = pytest.importorskip("PIL.Image")


def picture(path, value, size=(6, 4), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    colour = value if mode == "L" else (value, 0, 255)
    Image.new(mode, size, colour).save(path)


@pytest.fixture
def folder(tmp_path):
    for number, name in enumerate(["cat", "dog"]):
        for place in range(3):
            picture(tmp_path / "train" / name / f"{place}.png", 50 * number + place)
        picture(tmp_path / "val" / name / "deep" / "a.jpg", 200)
    (tmp_path / "train" / "cat" / "notes.txt").write_text("no picture")
    return tmp_path


def test_pictures_are_read_with_the_class_of_their_folder(folder):
    dataset = ImageFolder(str(folder))
    assert dataset.label_names == ["cat", "dog"]
    assert [int(dataset[n]["labels"]) for n in range(len(dataset))] == [
        0,
        0,
        0,
        1,
        1,
        1,
    ]
    image = dataset[4]["images"]
    assert image.shape == (3, 4, 6)
    assert image.dtype == torch.float32
    assert image[:, 0, 0].tolist() == pytest.approx([51 / 255, 0, 1])


def test_image_size_and_channels(folder):
    dataset = ImageFolder(str(folder), image_size=5, channels=1)
    assert dataset[0]["images"].shape == (1, 5, 5)


def test_a_split_may_have_another_name_and_folders_in_folders(folder):
    dataset = ImageFolder(str(folder), split="validation")
    assert [int(dataset[n]["labels"]) for n in range(len(dataset))] == [0, 1]


def test_a_class_that_training_lacks_is_refused(folder):
    picture(folder / "val" / "emu" / "a.png", 1)
    with pytest.raises(DataError, match="emu is a class that the training split does"):
        ImageFolder(str(folder), split="validation")


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_folders_of_classes_alone_hold_every_split(tmp_path, split):
    for name in ("cat", "dog"):
        picture(tmp_path / name / "0.png", 100)
    dataset = ImageFolder(str(tmp_path), split=split)
    assert dataset.label_names == ["cat", "dog"]
    assert [label for _, label in dataset.files] == [0, 1]


def test_a_folder_that_may_be_a_split_is_no_class(tmp_path):
    picture(tmp_path / "Training" / "cat" / "0.png", 100)
    with pytest.raises(DataError, match="has no train split, only Training"):
        ImageFolder(str(tmp_path))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"split": "test"}, "has no test split, only train, val"),
        ({"channels": 2}, "channels is 2"),
        ({"image_size": 0}, "image_size is 0"),
    ],
)
def test_wrong_arguments_are_refused(folder, fields, sentence):
    with pytest.raises(DataError, match=sentence):
        ImageFolder(str(folder), **fields)


def test_a_folder_without_pictures_is_refused(tmp_path):
    (tmp_path / "train" / "cat").mkdir(parents=True)
    with pytest.raises(DataError, match="has no images"):
        ImageFolder(str(tmp_path))
    with pytest.raises(DataError, match="no folder at"):
        ImageFolder(str(tmp_path / "none"))


@pytest.mark.parametrize("stream", [False, True])
def test_a_damaged_picture_is_named(folder, stream):
    bad = folder / "train" / "cat" / "1.png"
    bad.write_bytes(b"no picture")
    dataset = ImageFolder(str(folder))
    with pytest.raises(DataError, match=r"cat/1\.png cannot be read"):
        list(Stream([StreamSource(dataset)])) if stream else dataset[1]


def test_pillow_is_named_where_it_is_missing(folder, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(MissingExtraError, match=r"oumi-scaffold\[images\]"):
        ImageFolder(str(folder))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("image_size", [None, 3])
def test_grey_of_16_bits_is_scaled_by_its_own_range(tmp_path, channels, image_size):
    (tmp_path / "scan").mkdir()
    values = np.full((4, 6), 16384, dtype=np.uint16)
    Image.fromarray(values).save(tmp_path / "scan" / "a.png")
    dataset = ImageFolder(str(tmp_path), image_size=image_size, channels=channels)
    image = dataset[0]["images"]
    assert image.shape == (channels, image_size or 4, image_size or 6)
    assert image.flatten().tolist() == pytest.approx([16384 / 65535] * image.numel())


def test_pixels_of_unknown_range_are_refused(tmp_path):
    (tmp_path / "scan").mkdir()
    Image.fromarray(np.full((4, 6), 0.5, np.float32)).save(tmp_path / "scan" / "a.tif")
    with pytest.raises(DataError, match=r"32 bits \(mode F\).*8 or 16 bits"):
        ImageFolder(str(tmp_path))[0]


def test_a_photo_is_turned_upright(tmp_path):
    (tmp_path / "photo").mkdir()
    upright = np.zeros((6, 4, 3), np.uint8)
    upright[:2] = 255  # Bright at the top.
    exif = Image.Exif()
    exif[0x0112] = 6  # To be turned clockwise by 90 degrees.
    lying = Image.fromarray(np.rot90(upright))
    lying.save(tmp_path / "photo" / "a.png", exif=exif)
    image = ImageFolder(str(tmp_path))[0]["images"]
    assert image.equal(torch.tensor(upright.copy()).permute(2, 0, 1) / 255)
