"""A U-Net with one level, a class for each pixel."""

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


def double_conv(i, o):
    return nn.Sequential(
        nn.Conv2d(i, o, 3, padding=1),
        nn.GroupNorm(4, o),
        nn.SiLU(),
        nn.Conv2d(o, o, 3, padding=1),
        nn.GroupNorm(4, o),
        nn.SiLU(),
    )


class TinyUNet(BaseModel):
    """Down, middle, up with a skip connection."""

    def __init__(self, in_channels: int = 1, base: int = 8, num_classes: int = 4):
        super().__init__()
        self.down = double_conv(in_channels, base)
        self.middle = double_conv(base, 2 * base)
        self.up = nn.ConvTranspose2d(2 * base, base, 2, stride=2)
        self.fuse = double_conv(2 * base, base)
        self.head = nn.Conv2d(base, num_classes, 1)

    def forward(self, images, labels=None, **kwargs):
        """Segments.

        Args:
            images: (batch, in_channels, height, width) float, even sizes.
            labels: (batch, height, width) int64; -100 is left out.

        Returns:
            `logits` (batch, num_classes, height, width), and `loss`.
        """
        skip = self.down(images)
        x = self.middle(F.max_pool2d(skip, 2))
        x = self.fuse(torch.cat([self.up(x), skip], dim=1))
        logits = self.head(x)
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self):
        return pixel_loss


def pixel_loss(logits, labels):
    total = F.cross_entropy(logits, labels, reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)
