"""A small ResNet (He et al. 2016)."""

import torch.nn as nn
import torch.nn.functional as F

from oumi_runtime.core.models import BaseModel


class BasicBlock(nn.Module):
    def __init__(self, in_planes, planes, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(
            in_planes, planes, 3, stride=stride, padding=1, bias=False
        )
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.shortcut = nn.Identity()
        if stride != 1 or in_planes != planes:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_planes, planes, 1, stride=stride, bias=False),
                nn.BatchNorm2d(planes),
            )

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return F.relu(out + self.shortcut(x))


class SmallResNet(BaseModel):
    """Stem, stages of residual blocks, global average pooling."""

    def __init__(
        self,
        in_channels: int = 3,
        width: int = 16,
        blocks_per_stage: int = 1,
        num_classes: int = 10,
    ):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        )
        layers, planes = [], width
        for stage in range(2):
            for i in range(blocks_per_stage):
                out = width * 2**stage
                layers.append(
                    BasicBlock(planes, out, stride=2 if stage > 0 and i == 0 else 1)
                )
                planes = out
        self.stages = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(planes, num_classes)

    def forward(self, images, labels=None, **kwargs):
        """Classifies.

        Args:
            images: (batch, in_channels, height, width) float.
            labels: (batch,) int64.
        """
        x = self.stages(self.stem(images))
        x = self.pool(x).flatten(1)
        outputs = {"logits": self.fc(x)}
        if labels is not None:
            outputs["loss"] = self.criterion(outputs["logits"], labels)
        return outputs

    @property
    def criterion(self):
        return image_loss


def image_loss(logits, labels):
    return F.cross_entropy(logits, labels, reduction="sum") / (
        labels != -100
    ).sum().clamp(min=1)
