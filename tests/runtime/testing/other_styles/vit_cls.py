"""A ViT with a class token and fixed 2-d waves."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from oumi_runtime.core.models import BaseModel


def mean_loss(logits, labels):
    return F.cross_entropy(logits, labels, reduction="sum") / (
        labels != -100
    ).sum().clamp(min=1)


def sincos2d(side, dim):
    omega = 1.0 / 10000 ** (torch.arange(dim // 4).float() / (dim // 4))
    y, x = torch.meshgrid(
        torch.arange(side).float(), torch.arange(side).float(), indexing="ij"
    )
    y, x = y.flatten()[:, None] * omega, x.flatten()[:, None] * omega
    return torch.cat([x.sin(), x.cos(), y.sin(), y.cos()], dim=1)


class VitCls(BaseModel):
    """Patches, class token, nn.TransformerEncoder."""

    def __init__(
        self,
        image_size=8,
        in_channels=1,
        patch=2,
        dim=32,
        depth=2,
        heads=4,
        num_classes=5,
        dropout=0.0,
    ):
        super().__init__()
        self.patch = patch
        self.proj = nn.Linear(in_channels * patch * patch, dim)
        self.cls = nn.Parameter(torch.randn(1, 1, dim) * 0.02)
        self.register_buffer(
            "pos", sincos2d(image_size // patch, dim), persistent=False
        )
        layer = nn.TransformerEncoderLayer(
            dim, heads, 2 * dim, dropout, batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(
            layer, depth, norm=nn.LayerNorm(dim), enable_nested_tensor=False
        )
        self.head = nn.Linear(dim, num_classes)

    def forward(self, images, labels=None, **kwargs):
        p = self.patch
        b, c, h, w = images.shape
        x = (
            images.reshape(b, c, h // p, p, w // p, p)
            .permute(0, 2, 4, 1, 3, 5)
            .reshape(b, -1, c * p * p)
        )
        x = self.proj(x) + self.pos
        x = torch.cat([self.cls.expand(b, -1, -1), x], dim=1)
        logits = self.head(self.encoder(x)[:, 0])
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self):
        return mean_loss
