"""Two stages of convolutions, with a list of what comes before each."""

from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


class StagedNet(BaseModel):
    def __init__(
        self,
        in_channels: int = 1,
        num_classes: int = 5,
        depths: tuple[int, ...] = (1, 1),
        widths: tuple[int, ...] = (16, 32),
    ):
        super().__init__()
        self.entrances, self.stages = nn.ModuleList(), nn.ModuleList()
        for given, width, depth in zip(
            (in_channels, *widths), widths, depths, strict=False
        ):
            self.entrances.append(nn.Conv2d(given, width, 2, 2))
            layers = [nn.Conv2d(width, width, 3, padding=1) for _ in range(depth)]
            self.stages.append(nn.Sequential(*layers))
        self.head = nn.Linear(widths[-1], num_classes)

    def forward(self, images, labels=None, **kwargs):
        x = images
        for entrance, stage in zip(self.entrances, self.stages, strict=True):
            x = entrance(x)
            x = x + F.relu(stage(F.relu(x)))
        logits = self.head(x.mean(dim=(2, 3)))
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self):
        return F.cross_entropy
