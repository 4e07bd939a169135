"""Images as people have them: arrays in an archive, and pictures in folders."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from generated_configs import config_of, dataset_of
from trees import make_tree

IMAGES = ("--task", "image-classification")


@pytest.mark.parametrize(("shape", "channels"), [((6, 12, 12), 1), ((6, 3, 12, 12), 3)])
def test_an_archive_of_images_fits_the_model_to_its_shapes(
    project: Path, run: Callable, shape: tuple[int, ...], channels: int
):
    split = np.array(["train", "train", "test", "train", "validation", "train"])
    arrays = {"images": np.zeros(shape, np.uint8), "labels": np.arange(6)}
    np.savez(project / "images.npz", **arrays, split=split)
    done = run("new-model", "MyNet", *IMAGES, "--data", "images.npz")
    assert (done.exit_code, done.err) == (0, "")
    arguments = config_of(project)["model"]["model_kwargs"]
    assert (arguments["image_size"], arguments["in_channels"]) == (12, channels)
    assert arguments["num_classes"] == 6
    assert dataset_of(project, "test")["dataset_name"] == "npz_file"


def test_a_folder_of_pictures_is_counted(project: Path, run: Callable):
    make_tree(
        project, {f"pets/{s}/{c}/1.png": "" for s in ("train", "dev") for c in "abc"}
    )
    done = run("new-model", "MyNet", *IMAGES, "--data", "pets")
    assert (done.exit_code, done.err.count("\n")) == (0, 1)
    assert config_of(project)["model"]["model_kwargs"]["num_classes"] == 3
    assert dataset_of(project)["dataset_kwargs"] == {"image_size": 32}
    assert list(config_of(project)["data"]) == ["train", "validation"]


def test_pictures_without_splits_share_them(project: Path, run: Callable):
    images = {f"pets/{c}/{n}.png": "" for c in ("cat", "dog") for n in range(30)}
    make_tree(project, images)
    done = run("new-model", "MyNet", *IMAGES, "--data", "pets")
    assert done.exit_code == 0
    assert "pets has no splits: a tenth of it is used for validation" in done.err
    assert config_of(project)["model"]["model_kwargs"]["num_classes"] == 2
    for split in ("train", "validation", "test"):
        found = dataset_of(project, split)
        assert (found["dataset_path"], found["split"]) == ("pets", split)
        assert found["split_shares"] == {"train": 0.8, "validation": 0.1, "test": 0.1}


def test_an_archive_without_splits_shares_its_images(project: Path, run: Callable):
    arrays = {"images": np.zeros((60, 8, 8), np.uint8), "labels": np.arange(60) % 2}
    np.savez(project / "images.npz", **arrays)
    done = run("new-model", "MyNet", *IMAGES, "--data", "images.npz")
    assert done.exit_code == 0
    assert dataset_of(project, "test")["split_shares"]["train"] == 0.8


def test_the_digits_are_as_large_as_the_model_takes_them(project: Path, run: Callable):
    done = run("new-model", "MyNet", *IMAGES, "--set", "image_size=28")
    assert (done.exit_code, done.err) == (0, "")
    for split in ("train", "validation", "test"):
        kwargs = dataset_of(project, split)["dataset_kwargs"]
        assert kwargs == {"image_size": 28}


def test_pictures_get_the_size_that_the_model_takes(project: Path, run: Callable):
    images = {f"pets/{c}/{n}.png": "" for c in ("cat", "dog") for n in range(30)}
    make_tree(project, images)
    done = run("new-model", "MyNet", *IMAGES, "--data", "pets")
    assert "resized to 32 x 32 pixels; choose another size with --set" in done.err
    done = run(
        *("new-model", "MyNet", *IMAGES, "--data", "pets"),
        *("--set", "image_size=64", "--force"),
    )
    assert (done.exit_code, "resized" in done.err) == (0, False)
    assert dataset_of(project)["dataset_kwargs"] == {"image_size": 64}
    assert run("update", "MyNet", "--set", "image_size=48").exit_code == 0
    assert dataset_of(project)["dataset_kwargs"] == {"image_size": 48}
    assert config_of(project)["model"]["model_kwargs"]["image_size"] == 48


def test_a_folder_of_pictures_without_those_to_train_on_is_told(
    project: Path, run: Callable
):
    make_tree(project, {"pets/test/cat/1.png": "", "pets/test/dog/2.png": ""})
    done = run("new-model", "MyNet", *IMAGES, "--data", "pets")
    assert done.exit_code == 2
    assert "it has no folder train, only test; make it train/CLASS/*.png" in done.err
