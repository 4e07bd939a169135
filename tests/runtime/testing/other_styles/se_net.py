"""Inverted residuals with squeeze and excitation (Howard et al. 2019)."""

from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


class SqueezeExcite(nn.Module):
    def __init__(self, channels, reduced):
        super().__init__()
        self.squeeze = nn.Conv2d(channels, reduced, 1)
        self.excite = nn.Conv2d(reduced, channels, 1)

    def forward(self, x):
        scale = F.relu(self.squeeze(x.mean(dim=(2, 3), keepdim=True)))
        return x * F.hardsigmoid(self.excite(scale))


class InvertedResidual(nn.Module):
    def __init__(self, c_in, c_out, stride):
        super().__init__()
        wide = 3 * c_in
        self.block = nn.Sequential(
            nn.Conv2d(c_in, wide, 1, bias=False),
            nn.BatchNorm2d(wide),
            nn.Hardswish(),
            nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False),
            nn.BatchNorm2d(wide),
            nn.Hardswish(),
            SqueezeExcite(wide, max(4, wide // 4)),
            nn.Conv2d(wide, c_out, 1, bias=False),
            nn.BatchNorm2d(c_out),
        )
        self.keeps = stride == 1 and c_in == c_out

    def forward(self, x):
        y = self.block(x)
        return x + y if self.keeps else y


class SeNet(BaseModel):
    """A small MobileNetV3."""

    def __init__(self, in_channels=3, width=8, num_classes=5, drop_rate=0.2):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, width, 3, 1, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.Hardswish(),
        )
        self.blocks = nn.Sequential(
            InvertedResidual(width, width, 1),
            InvertedResidual(width, 2 * width, 2),
            InvertedResidual(2 * width, 2 * width, 1),
        )
        self.dropout = nn.Dropout(drop_rate)
        self.classifier = nn.Linear(2 * width, num_classes)

    def forward(self, images, labels=None, **kwargs):
        x = self.blocks(self.stem(images))
        logits = self.classifier(self.dropout(x.mean(dim=(2, 3))))
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self):
        return mean_loss


def mean_loss(logits, labels):
    total = F.cross_entropy(logits, labels, reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)
