"""Labels that are no class of the model are told before the first step."""

import json

import pytest
from torch import nn

from oumi_runtime.builders import build_training
from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.models.base_model import BaseModel
from oumi_runtime.core.registry import REGISTRY, RegistryType


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


@pytest.mark.parametrize(
    ("num_classes", "is_told"), [(7, True), (9, True), (10, False), (1, False)]
)
def test_a_label_beyond_the_classes_is_told(tmp_path, caplog, num_classes, is_told):
    REGISTRY.register("pixels", RegistryType.MODEL, Pixels)
    model = {"model_name": "pixels", "model_kwargs": {"num_classes": num_classes}}
    data = {"train": {"datasets": [{"dataset_name": "digits"}]}}
    training = {"output_dir": str(tmp_path / "run"), "max_steps": 1}
    tree = {"model": model, "data": data, "training": training}
    config = TrainingConfig.from_str(json.dumps(tree))
    config.finalize_and_validate()
    build_training(config)
    sentence = (
        "the training data does not fit the model: the label 9 is none of the "
        f"{num_classes} classes of Pixels, 0 to {num_classes - 1}; set their number"
    )
    assert (sentence in caplog.text) is is_told
