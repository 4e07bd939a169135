"""A ResNet with mixup (Zhang et al. 2018) and layers that are left out at random."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from oumi_runtime.core.models import BaseModel


class Block(nn.Module):
    def __init__(self, width, layerdrop):
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.layerdrop = layerdrop

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.training and torch.rand([]) < self.layerdrop:
            out = out * 0.0
        return F.relu(x + out)


class MixupResNet(BaseModel):
    def __init__(
        self,
        in_channels: int = 3,
        width: int = 16,
        num_blocks: int = 2,
        num_classes: int = 10,
        layerdrop: float = 0.1,
        mixup_alpha: float = 0.2,
    ):
        super().__init__()
        self.mixup_alpha = mixup_alpha
        self.stem = nn.Conv2d(in_channels, width, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(width)
        self.blocks = nn.ModuleList(
            [Block(width, layerdrop) for _ in range(num_blocks)]
        )
        self.fc = nn.Linear(width, num_classes)

    def forward(self, images, labels=None, **kwargs):
        """Classifies.

        Args:
            images: (batch, in_channels, height, width) float.
            labels: (batch,) int64.
        """
        mixes = self.training and labels is not None and self.mixup_alpha > 0
        if mixes:
            beta = torch.distributions.Beta(self.mixup_alpha, self.mixup_alpha)
            lam = beta.sample((1,)).item()
            order = torch.randperm(images.shape[0], device=images.device)
            images = lam * images + (1 - lam) * images[order]
        x = F.relu(self.bn(self.stem(images)))
        for block in self.blocks:
            x = block(x)
        outputs = {"logits": self.fc(x.mean((2, 3)))}
        if labels is not None:
            outputs["loss"] = self.criterion(outputs["logits"], labels)
            if mixes:
                other = self.criterion(outputs["logits"], labels[order])
                outputs["loss"] = lam * outputs["loss"] + (1 - lam) * other
        return outputs

    @property
    def criterion(self):
        return image_loss


def image_loss(logits, labels):
    return F.cross_entropy(logits, labels, reduction="sum") / (
        labels != -100
    ).sum().clamp(min=1)
