"""A small regression, and what can go wrong with numbers."""

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel
from oumi_runtime.testing import ModelCase


def batch_of_numbers(batch_size: int) -> dict[str, torch.Tensor]:
    return {"features": torch.randn(batch_size, 4), "labels": torch.randn(batch_size)}


class Amounts(BaseModel):
    def __init__(self, num_features: int = 4, width: int = 8) -> None:
        super().__init__()
        self.hidden = nn.Linear(num_features, width)
        self.output = nn.Linear(width, 1)

    def forward(self, features, labels=None, **kwargs):
        x = F.relu(self.hidden(self.taken(features)))
        logits = self.given(self.output(x).squeeze(-1))
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    def taken(self, features):
        return features

    def given(self, logits):
        return logits

    @property
    def criterion(self):
        return F.mse_loss


class Squeezed(Amounts):
    def given(self, logits):
        return logits.tanh()


class NeverNegative(Amounts):
    def given(self, logits):
        return logits.abs()


class Clamped(Amounts):
    def taken(self, features):
        return features.clamp(min=0)


class HalfPrecision(Amounts):
    def taken(self, features):
        return features.bfloat16().to(features.dtype)


class WithoutSigns(Amounts):
    def taken(self, features):
        return features.abs()


class FourFeatures(Amounts):
    """Has the number of features written in."""

    def __init__(self, num_features: int = 4, width: int = 8) -> None:
        super().__init__(num_features, width)
        self.scale = nn.Parameter(torch.ones(4))

    def taken(self, features):
        return features * self.scale


def numbers(model_class: type[BaseModel]) -> ModelCase:
    return ModelCase(model_class, batch_of_numbers)
