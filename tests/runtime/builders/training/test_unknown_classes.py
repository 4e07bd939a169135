"""Labels that are no class of the model are told, with the row that has the first."""

import json
import re

import numpy as np
import pytest
import torch
from torch import nn

from oumi_runtime.builders import build_training
from oumi_runtime.core.configs import DatasetParams, TrainerType, TrainingConfig
from oumi_runtime.core.datasets import ColumnDataset, RaggedColumn
from oumi_runtime.core.datasets.in_memory.origins import Origin
from oumi_runtime.core.models.base_model import BaseModel
from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.core.trainers.unknown_classes import naming_the_row
from oumi_runtime.evaluate import evaluate
from oumi_runtime.exceptions import UnknownClassError
from oumi_runtime.train import train


class Pixels(BaseModel):
    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.head = nn.Linear(64, num_classes)

    def forward(self, images, labels=None):
        logits = self.head(images.flatten(1))
        return {"loss": self.criterion(logits, labels), "logits": logits}

    @property
    def criterion(self):
        return nn.functional.cross_entropy


NINE = "the label 9 is none of the 9 classes of Pixels, 0 to 8;"


def config_of(tmp_path, dataset, num_classes: int) -> TrainingConfig:
    REGISTRY.register("pixels", RegistryType.MODEL, Pixels)
    model = {"model_name": "pixels", "model_kwargs": {"num_classes": num_classes}}
    data = {"train": {"datasets": [dataset]}}
    training = {"output_dir": str(tmp_path / "run"), "max_steps": 1}
    tree = {"model": model, "data": data, "training": training}
    config = TrainingConfig.from_str(json.dumps(tree))
    config.finalize_and_validate()
    return config


@pytest.mark.parametrize(
    ("num_classes", "is_told"), [(7, True), (9, True), (10, False), (1, False)]
)
def test_a_label_beyond_the_classes_is_told(tmp_path, caplog, num_classes, is_told):
    build_training(config_of(tmp_path, {"dataset_name": "digits"}, num_classes))
    sentence = (
        "the training data does not fit the model: row 8 of dataset 'digits': the "
        f"label 9 is none of the {num_classes} classes of Pixels, 0 to "
        f"{num_classes - 1}; set their number"
    )
    assert (sentence in caplog.text) is is_told


@pytest.mark.parametrize("trainer", [TrainerType.OUMI, TrainerType.HF])
def test_training_that_meets_such_a_label_ends_with_its_row(tmp_path, trainer):
    config = config_of(tmp_path, {"dataset_name": "digits"}, 9)
    config.training.trainer_type = trainer
    with pytest.raises(UnknownClassError, match=f"^row 8 of dataset 'digits': {NINE}"):
        train(config)


def test_an_evaluation_that_meets_such_a_label_ends_with_its_row(tmp_path):
    zeros = np.zeros((4, 8, 8))
    np.savez(tmp_path / "few.npz", images=zeros, labels=np.arange(4))
    np.savez(tmp_path / "more.npz", images=zeros, labels=np.array([3, 9, 9, 0]))
    few, more = (
        {"dataset_name": "npz_file", "dataset_path": str(tmp_path / name)}
        for name in ("few.npz", "more.npz")
    )
    config = config_of(tmp_path, few, 9)
    train(config)
    config.data.test.datasets = [DatasetParams(**more)]
    with pytest.raises(UnknownClassError) as error:
        evaluate(config)
    assert re.match(rf"row 2 of dataset 'npz_file' \(.*\): {NINE}", str(error.value))


def test_a_label_of_no_known_row_is_told_alone():
    error = UnknownClassError(9, "the label 9 is none of the 9 classes")
    texts = ColumnDataset({"labels": torch.tensor([9])})
    with pytest.raises(UnknownClassError, match=r"^the label 9"), naming_the_row(texts):
        raise error


def test_the_row_of_a_tag_is_that_of_its_text():
    tags = RaggedColumn(torch.tensor([1, 2, 9, 9, 4]), torch.tensor([2, 0, 2, 1]))
    origin = Origin.of("tags", "tags.jsonl", 4)
    texts = ColumnDataset({"labels": tags}, origin=origin)
    where = r"^row 3 of dataset 'tags' \(tags.jsonl\): too high"
    with pytest.raises(UnknownClassError, match=where), naming_the_row(texts):
        raise UnknownClassError(9, "too high")
