"""Projects with a dataset and a plain module of their own, trained for a moment."""

import json
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.core.registry.discovery import LIST_FILENAME
from oumi_runtime.train import train

HEAD = """
import json
import torch
from oumi_runtime.core.datasets import BaseIterableDataset, BaseMapDataset
from oumi_runtime.core.registry import RegistryType, register, register_dataset
from torch import nn
from torch.nn import functional as F

WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog"]


"""
ROWS = """
@register_dataset("own_rows")
class OwnRows(BaseMapDataset):
    def __init__(self, split="train", **kwargs):
        super().__init__(split=split, **kwargs)
        self.label_names = ["even", "odd"]
        self._data = [row(n) for n in range(40)]
"""
AS_THEY_ARE = (
    ROWS
    + """
    def transform(self, sample):
        return dict(sample)


"""
)
TWO_LABELS = """
def row(n):
    features = torch.tensor([n / 40, n % 3, n % 7 / 7])
    return {"features": features, "labels": torch.tensor([n % 2, 1.0])}


"""
OF_TWO_LABELS = """
@register("OwnNet", RegistryType.MODEL)
class OwnNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, features, labels=None):
        logits = self.layer(features)
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": F.LOSS(logits, labels)}
"""


def method(text: str) -> str:
    """Returns the source of a method, indented as in a class."""
    return "\n" + indent(dedent(text).strip(), "    ") + "\n\n\n"


def trained(folder: Path, *parts: str, **sections: dict[str, Any]) -> TrainingConfig:
    """Writes a project with the dataset `own_rows` and the model `OwnNet`; trains it.

    Args:
        folder: The project; gets the file `own.py`.
        parts: The source, after the imports.
        sections: Keys of sections of the config in place of the usual ones.
    """
    (folder / "own.py").write_text(HEAD.lstrip() + "".join(parts))
    (folder / LIST_FILENAME).write_text("own.py\n")
    REGISTRY.add_search_root(folder)
    data = {"datasets": [{"dataset_name": "own_rows"}]}
    whole: dict[str, dict[str, Any]] = {
        "model": {"model_name": "OwnNet"},
        "data": {"train": data, "test": data},
        "training": {
            "output_dir": str(folder / "out"),
            "max_steps": 2,
            "save_steps": 0,
            "per_device_train_batch_size": 8,
        },
    }
    for name, section in sections.items():
        whole[name] |= section
    config = TrainingConfig.from_str(json.dumps(whole))
    config.finalize_and_validate()
    train(config)
    return config
