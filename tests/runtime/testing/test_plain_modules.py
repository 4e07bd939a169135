"""A plain module is checked like a BaseModel, apart from what only that has."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.testing import run_checks


class PlainImages(nn.Module):
    """Greyscale images, and a loss with a term that is logged."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, width, 3, padding=1)
        self.last = nn.Linear(64 * width, 4)

    def forward(self, images, labels=None, **kwargs):
        x = F.gelu(self.first(images)).flatten(1)
        found = {"logits": self.last(x), "loss": None}
        if labels is not None:
            found["penalty"] = 0.01 * x.square().mean()
            loss = F.cross_entropy(found["logits"], labels, reduction="sum")
            count = (labels != -100).sum().clamp(min=1)
            found["loss"] = loss / count + found["penalty"]
        return found


class PlainRows(nn.Module):
    """A label of another name."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(6, 32), nn.Linear(32, 1)

    def forward(self, features, price=None, **kwargs):
        value = self.last(F.gelu(self.first(features)))[:, 0]
        loss = None if price is None else F.mse_loss(value, price)
        return {"loss": loss, "logits": value}


def images(batch_size: int) -> dict[str, torch.Tensor]:
    labels = torch.randint(4, (batch_size,))
    return {"images": torch.rand(batch_size, 1, 8, 8), "labels": labels}


def rows(batch_size: int) -> dict[str, torch.Tensor]:
    return {"features": torch.randn(batch_size, 6), "price": torch.randn(batch_size)}


@pytest.mark.parametrize(
    ("model_class", "make_batch"), [(PlainImages, images), (PlainRows, rows)]
)
def test_it_fails_only_as_it_cannot_be_saved(model_class, make_batch):
    results = run_checks(model_class, make_batch)
    failed = {each.name: each.message for each in results if each.outcome == "failed"}
    name = model_class.__name__
    assert failed == {
        "saved_model_is_the_same": f"{name} is not a subclass of BaseModel"
    }
