"""Images: nested blocks with batch norm and dropout; a function; lazy layers."""

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.act = nn.ReLU()

    def forward(self, x):
        return x + self.act(self.norm(self.conv(x)))


class BlockNet(nn.Module):
    def __init__(
        self, in_channels=3, num_classes=1000, widths=(8,), p_drop=0.1, act=nn.ReLU
    ):
        super().__init__()
        self.stem = nn.Conv2d(in_channels, widths[0], 3, padding=1)
        self.blocks = nn.Sequential(*(Block(width) for width in widths), act())
        self.drop = nn.Dropout(p_drop)
        self.head = nn.Linear(widths[-1] * 16, num_classes)
        self.pool = nn.AdaptiveAvgPool2d(4)

    def forward(self, images):
        x = self.pool(self.blocks(self.stem(images))).flatten(1)
        return self.head(self.drop(x)), x


def small_cnn(*, num_classes: int = 1000, **kwargs: int) -> nn.Module:
    width = kwargs.pop("width", 8)
    return nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(width * 64, num_classes),
    )


class LazyNet(nn.Module):
    """Layers that learn their sizes from the first batch."""

    def __init__(self, num_classes: int = 10, width: int = 8) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.LazyConv2d(width, 3, padding=1), nn.LazyBatchNorm2d(), nn.ReLU()
        )
        self.head = nn.LazyLinear(num_classes)

    def forward(self, images: torch.Tensor, /) -> torch.Tensor:
        logits: torch.Tensor = self.head(self.body(images).flatten(1))
        return logits


class ColorNet(nn.Module):
    """A network for colored images of any size, in the style of torchvision."""

    def __init__(self, num_classes: int = 1000, width: int = 8) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.avgpool = nn.AdaptiveAvgPool2d((2, 2))
        self.fc = nn.Linear(4 * width, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.bn1(self.conv1(x)))
        logits: torch.Tensor = self.fc(self.avgpool(x).flatten(1))
        return logits


def color_net(*, weights: str | None = None, progress: bool = True, **kwargs: int):
    """Its number of classes is among what it passes on."""
    assert weights is None
    assert progress
    return ColorNet(**kwargs)
