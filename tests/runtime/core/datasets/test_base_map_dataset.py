"""A user's own dataset, written as in Oumi's notebook on training a CNN."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from oumi_runtime.core.datasets import BaseMapDataset
from oumi_runtime.exceptions import BadRowError, DataError, DatasetArgumentError


class NumpyImages(BaseMapDataset):
    default_dataset = "numpy_images"

    def __init__(
        self,
        *,
        dataset_name: str | None = None,
        dataset_path: str | None = None,
        split: str | None = None,
        npz_split_col: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            dataset_name=dataset_name, dataset_path=dataset_path, split=split, **kwargs
        )
        self._npz_split_col = npz_split_col
        self._data = self._load_data()

    def _load_data(self) -> Any:
        with np.load(self.dataset_path) as archive:
            rows = zip(
                archive["images"],
                archive["labels"],
                archive[self._npz_split_col or "split"],
                strict=True,
            )
            return [
                {"image": image, "label": label}
                for image, label, split in rows
                if split == self.split
            ]

    def transform(self, sample: Any) -> dict[str, Any]:
        return {
            "images": torch.tensor(sample["image"]).unsqueeze(0),
            "labels": torch.tensor(sample["label"]),
        }


class AsFrame(NumpyImages):
    def _load_data(self) -> Any:
        pandas = pytest.importorskip("pandas")
        return pandas.DataFrame(super()._load_data())


@pytest.fixture
def archive(tmp_path: Path) -> str:
    path = tmp_path / "images.npz"
    images = np.arange(5 * 4, dtype=np.float32).reshape(5, 2, 2)
    splits = np.array(["train", "train", "test", "train", "test"])
    np.savez(path, images=images, labels=np.arange(5), split=splits)
    return str(path)


@pytest.mark.parametrize("dataset_class", [NumpyImages, AsFrame])
def test_rows_are_transformed_one_at_a_time(dataset_class, archive):
    dataset = dataset_class(dataset_path=archive, split="test")
    assert len(dataset) == 2
    assert dataset[1]["images"].tolist() == [[[16.0, 17.0], [18.0, 19.0]]]
    assert dataset[-2]["labels"].item() == 2
    assert dataset.raw(0)["label"] == 2
    assert [sample["labels"].item() for sample in dataset] == [2, 4]
    with pytest.raises(IndexError):
        dataset[2]


def test_a_data_loader_makes_batches_of_them(archive):
    dataset = NumpyImages(dataset_path=archive, split="train")
    batches = list(DataLoader(dataset, batch_size=2))
    assert [batch["labels"].tolist() for batch in batches] == [[0, 1], [3]]
    assert batches[0]["images"].shape == (2, 1, 2, 2)


def test_it_keeps_what_the_config_says_of_it(archive):
    dataset = NumpyImages(dataset_path=archive, split="train", subset="half")
    assert dataset.dataset_name == "numpy_images"
    assert (dataset.dataset_path, dataset.split) == (archive, "train")
    assert dataset.subset == "half"
    assert dataset.data is dataset.data
    named = NumpyImages(dataset_name="other", dataset_path=archive)
    assert named.dataset_name == "other"


def test_an_argument_that_no_class_takes_is_named(archive):
    with pytest.raises(TypeError, match=r"NumpyImages takes no 'a', 'b';") as error:
        NumpyImages(dataset_path=archive, b=1, a=2)
    assert isinstance(error.value, DatasetArgumentError)
    assert isinstance(error.value, DataError)


def test_a_class_without_transform_cannot_be_made():
    class WithoutTransform(BaseMapDataset):
        pass

    with pytest.raises(TypeError, match="abstract"):
        WithoutTransform()


def test_code_that_comes_with_a_dataset_is_never_run(archive):
    with pytest.raises(DatasetArgumentError, match="trust_remote_code is true"):
        NumpyImages(dataset_path=archive, trust_remote_code=True)


class Counted(BaseMapDataset):
    """Counts how often it transforms in this process."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(dataset_name="counted", **kwargs)
        self._data = [{"row": row} for row in range(150)]
        self.transformed = 0

    def transform(self, sample: Any) -> dict[str, Any]:
        self.transformed += 1
        if sample["row"] == 149 and self.split == "bad":
            raise ValueError("no such row")
        return {"row": torch.tensor(sample["row"])}


@pytest.mark.parametrize(
    ("num_workers", "transformed"), [(None, 300), (0, 150), (2, 0)]
)
def test_rows_are_transformed_once_by_the_workers_asked_for(num_workers, transformed):
    dataset = Counted(transform_num_workers=num_workers)
    dataset.transform_all()
    for _ in range(2):
        samples = list(dataset.as_generator())
        assert [int(sample["row"]) for sample in samples] == list(range(150))
    assert dataset.transformed == transformed


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_row_that_cannot_be_transformed_is_named(num_workers):
    dataset = Counted(transform_num_workers=num_workers, split="bad")
    with pytest.raises(DataError) as caught:
        dataset.transform_all()
    expected = "row 150 of dataset 'counted': ValueError: no such row (test_base"
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize("num_workers", [0, 2])
def test_where_bad_rows_are_left_out_one_is_an_error_only_when_used(num_workers):
    dataset = Counted(transform_num_workers=num_workers, split="bad")
    dataset.transform_all(leaves_out_bad=True)
    assert int(dataset[148]["row"]) == 148
    with pytest.raises(BadRowError, match="row 150 of dataset 'counted': ValueError"):
        dataset[149]
