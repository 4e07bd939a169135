"""Tells an object from its background, two classes for each pixel."""

from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


class MaskNet(BaseModel):
    """Two convolutions, in a style that returns a loss of None."""

    def __init__(self, in_channels: int = 1, width: int = 8):
        super().__init__()
        self.first = nn.Conv2d(in_channels, width, 3, padding=1)
        self.last = nn.Conv2d(width, 2, 3, padding=1)

    def forward(self, images, labels=None, **kwargs):
        """Segments.

        Args:
            images: (batch, in_channels, height, width) float.
            labels: (batch, height, width) int64; -100 is left out.
        """
        logits = self.last(F.gelu(self.first(images)))
        loss = None if labels is None else self.criterion(logits, labels)
        return {"loss": loss, "logits": logits}

    @property
    def criterion(self):
        return pixel_loss


def pixel_loss(logits, labels):
    total = F.cross_entropy(logits, labels, reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)
