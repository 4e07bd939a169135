"""The final model of a run, loaded again."""

from pathlib import Path

import pytest
import torch
from torch import nn

from oumi_runtime.builders.models.trained import load_checkpoint, load_trained_model
from oumi_runtime.core.configs import ModelParams, TrainingConfig, TrainingParams
from oumi_runtime.core.models import BaseModel
from oumi_runtime.core.registry import RegistryType, register


class Counted(BaseModel):
    """Counts how often one is made."""

    num_made = 0

    def __init__(self, size: int = 2) -> None:
        super().__init__()
        Counted.num_made += 1
        self.layer = nn.Linear(size, 2)

    def forward(self, features, **kwargs):
        return {"logits": self.layer(features)}

    @property
    def criterion(self):
        return nn.functional.cross_entropy


@pytest.mark.parametrize("from_checkpoint", [False, True])
def test_a_model_is_made_once_to_be_loaded(
    from_checkpoint: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    register("Counted", RegistryType.MODEL)(Counted)
    saved = Counted(size=3)
    saved.save_pretrained(tmp_path)
    config = TrainingConfig(
        model=ModelParams(model_name="Counted", device_map="cpu"),
        training=TrainingParams(output_dir=str(tmp_path)),
    )
    monkeypatch.setattr(Counted, "num_made", 0)
    if from_checkpoint:
        loaded = load_checkpoint(config, tmp_path)
    else:
        loaded, folder = load_trained_model(config)
        assert folder == tmp_path
    assert Counted.num_made == 1
    assert isinstance(loaded, Counted)
    assert torch.equal(loaded.layer.weight, saved.layer.weight)
