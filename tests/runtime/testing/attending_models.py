"""A small model of attention that labels tokens, and what can go wrong in it."""

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel
from oumi_runtime.testing import ModelCase

VOCAB, CLASSES = 20, 3


def batch_of_labelled_tokens(batch_size: int) -> dict[str, torch.Tensor]:
    return {
        "input_ids": torch.randint(VOCAB, (batch_size, 6)),
        "labels": torch.randint(CLASSES, (batch_size, 6)),
    }


class Layer(nn.Module):
    """Attention, added to its input."""

    def __init__(self, model: "type[LabelsTokens]", width: int) -> None:
        super().__init__()
        self.model = model
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.projection = nn.Linear(width, width)

    def forward(self, x):
        qkv = self.qkv(self.norm(x)).unflatten(-1, (3, 2, -1))
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind()  # (B, heads, T, H / heads)
        mask = self.model.mask(x.shape[1], x.device)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return x + self.projection(self.model.joined(y, x))


class LabelsTokens(BaseModel):
    layer = Layer

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, width)
        self.layers = nn.ModuleList(self.layer(type(self), width) for _ in range(2))
        self.classifier = nn.Linear(width, CLASSES)

    def forward(self, input_ids, labels=None, **kwargs):
        x = self.placed(self.embedding(input_ids))
        for layer in self.layers:
            x = layer(x)
        logits = self.aligned(self.classifier(x))
        if labels is None:
            return {"logits": logits}
        total = self.criterion(logits.flatten(0, 1), labels.flatten(), reduction="sum")
        return {"logits": logits, "loss": total / (labels != -100).sum().clamp(min=1)}

    @staticmethod
    def mask(length, device):
        return torch.ones(length, length, dtype=torch.bool, device=device)

    @staticmethod
    def joined(y, x):
        return y.transpose(1, 2).flatten(2)

    def placed(self, x):
        places = torch.arange(x.shape[1], device=x.device, dtype=x.dtype)
        return x + torch.sin(places / 3).unsqueeze(-1)

    def aligned(self, logits):
        return logits

    @property
    def criterion(self):
        return F.cross_entropy


class NoPositions(LabelsTokens):
    def placed(self, x):
        return x


class SeesItselfAlone(LabelsTokens):
    @staticmethod
    def mask(length, device):
        return torch.eye(length, dtype=torch.bool, device=device)


class HeadsNotTransposed(LabelsTokens):
    @staticmethod
    def joined(y, x):
        return y.reshape(x.shape)


class LayerWithoutResidual(Layer):
    """Attention, added to its input."""

    def forward(self, x):
        return super().forward(x) - x


class WithoutResidual(LabelsTokens):
    layer = LayerWithoutResidual


class LateByOne(LabelsTokens):
    def aligned(self, logits):
        return F.pad(logits, (0, 0, 1, 0))[:, :-1]


class FirstTwice(LabelsTokens):
    def aligned(self, logits):
        return torch.cat([logits[:, :1], logits[:, :-1]], 1)


class SeesPatches(BaseModel):
    """Classifies images by attention among their patches."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, width, kernel_size=4, stride=4)
        self.positions = nn.Parameter(torch.randn(4, width))
        self.layer = Layer(LabelsTokens, width)
        self.classifier = nn.Linear(width, CLASSES)

    def forward(self, images, labels=None, **kwargs):
        x = self.patches(images).flatten(2).transpose(1, 2) + self.placed()
        logits = self.classifier(F.gelu(self.layer(x)).mean(1))
        if labels is None:
            return {"logits": logits}
        total = self.criterion(logits, labels, reduction="sum")
        return {"logits": logits, "loss": total / (labels != -100).sum().clamp(min=1)}

    def placed(self):
        return self.positions

    @property
    def criterion(self):
        return F.cross_entropy


class AsManyPatchesAsTheDefaultWidth(SeesPatches):
    def __init__(self, width: int = 16, image_size: int = 8) -> None:
        super().__init__(width)
        self.patches = nn.Conv2d(1, width, kernel_size=2, stride=2)
        self.positions = nn.Parameter(torch.randn((image_size // 2) ** 2, width))


class OnePlaceForAll(SeesPatches):
    def placed(self):
        return self.positions.mean(0)


def seeing(model_class: type[BaseModel]) -> ModelCase:
    return ModelCase(model_class, batch_of_images)


def batch_of_images(batch_size: int) -> dict[str, torch.Tensor]:
    return {
        "images": torch.rand(batch_size, 1, 8, 8),
        "labels": torch.randint(CLASSES, (batch_size,)),
    }


def attending(model_class: type[BaseModel]) -> ModelCase:
    return ModelCase(model_class, batch_of_labelled_tokens)
