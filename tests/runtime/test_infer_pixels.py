"""Predictions of a class for each pixel of an image."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from saved_examples import save, saved
from torch.utils.data import Dataset

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.models import BaseModel
from oumi_runtime.core.registry import RegistryType, register, register_dataset
from oumi_runtime.datasets import Digits
from oumi_runtime.evaluate import evaluate
from oumi_runtime.infer import infer

NAMES = ["paper", "edge", "ink"]


class Pixels(Dataset[dict[str, Any]]):
    """Digits, the darkness of each pixel being its class."""

    label_names = NAMES

    def __init__(self, split: str = "train") -> None:
        self._images = Digits(split).columns["images"][:30]

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> dict[str, Any]:
        image = self._images[index]
        return {"images": image, "labels": (image[0] * 2.9).long()}


def config_of(
    folder: Path,
    num_outputs: int,
    change: Callable[[torch.Tensor], torch.Tensor],
    loss: Callable[[Any, torch.Tensor], Any] = lambda *_: {"loss": torch.zeros(())},
) -> TrainingConfig:
    """A saved model of pixels, and the config of its run.

    Args:
        folder: Gets the model.
        num_outputs: The logits of each pixel.
        change: What becomes of them, (batch, num_outputs, height, width).
        loss: Returns the loss by its name.
    """

    class PerPixel(BaseModel):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Conv2d(1, num_outputs, 3, padding=1)

        @property
        def criterion(self) -> Any:
            return torch.nn.functional.cross_entropy

        def forward(
            self, images: torch.Tensor, labels: torch.Tensor | None = None, **_: Any
        ) -> dict[str, torch.Tensor]:
            outputs = {"logits": change(self.layer(images))}
            return outputs if labels is None else {**outputs, **loss(outputs, labels)}

    register("PerPixel", RegistryType.MODEL)(PerPixel)
    register_dataset("pixels")(Pixels)
    config = saved("image_classification", folder)
    config.model.model_name, config.model.model_kwargs = "PerPixel", {}
    for split in (config.data.train, config.data.validation, config.data.test):
        split.datasets[0].dataset_name = "pixels"
        split.datasets[0].dataset_kwargs = {}
    save(config)
    return config


@pytest.mark.parametrize(
    "change", [lambda x: x, lambda x: x.movedim(1, -1)], ids=["second", "last"]
)
def test_the_accuracy_of_predicted_pixels_is_that_of_evaluate(
    change: Callable[[torch.Tensor], torch.Tensor], tmp_path: Path
):
    config = config_of(tmp_path, 3, change)
    found = torch.tensor([each["labels"] for each in infer(config)])
    labels = torch.stack([sample["labels"] for sample in Pixels("test")])
    assert found.shape == (30, 8, 8)
    accuracy = (found == labels).float().mean().item()
    assert accuracy == pytest.approx(evaluate(config).metrics["accuracy"])


def test_the_share_of_each_class_comes_with_its_name(tmp_path: Path):
    config = config_of(tmp_path, 3, lambda x: x)
    for prediction in infer(config):
        labels = torch.tensor(prediction["labels"])
        assert list(prediction["shares"]) == NAMES
        for number, share in enumerate(prediction["shares"].values()):
            assert share == pytest.approx((labels == number).float().mean().item())


def test_one_logit_for_each_pixel_is_that_of_the_second_class(tmp_path: Path):
    config = config_of(tmp_path, 1, lambda x: 0 * x + torch.eye(8) - 0.5)
    prediction = next(iter(infer(config)))
    assert prediction["labels"] == torch.eye(8).long().tolist()
    assert prediction["shares"] == {"paper": 0.875, "edge": 0.125}


def test_an_archive_of_images_is_read(tmp_path: Path):
    config = config_of(tmp_path, 3, lambda x: x)
    for split in (config.data.train, config.data.validation, config.data.test):
        split.datasets[0].dataset_name = "npz_file"
        split.datasets[0].dataset_path = "gone.npz"
    np.savez(tmp_path / "own.npz", images=np.zeros((2, 5, 7), np.uint8))
    labels = [each["labels"] for each in infer(config, tmp_path / "own.npz")]
    assert torch.tensor(labels).shape == (2, 5, 7)


def test_numbers_for_each_pixel_are_values(tmp_path: Path):
    def loss(outputs: Any, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"loss": torch.nn.functional.mse_loss(outputs["logits"], labels)}

    config = config_of(tmp_path, 1, lambda x: 0 * x + torch.eye(8) - 0.5, loss)
    prediction = next(iter(infer(config)))
    assert prediction == {"values": [(torch.eye(8) - 0.5).tolist()]}
