"""MLP-Mixer (Tolstikhin et al. 2021)."""

from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


def mlp(dim, hidden):
    return nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, dim))


class MixerBlock(nn.Module):
    def __init__(self, num_patches, dim):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.token_mlp = mlp(num_patches, 2 * num_patches)
        self.channel_mlp = mlp(dim, 2 * dim)

    def forward(self, x):
        x = x + self.token_mlp(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channel_mlp(self.norm2(x))


class MlpMixer(BaseModel):
    """Patches of an image, mixed along their number and along their channels."""

    def __init__(
        self, image_size=8, patch=2, in_channels=3, dim=32, depth=2, num_classes=5
    ):
        super().__init__()
        self.patch = patch
        self.stem = nn.Linear(in_channels * patch * patch, dim)
        num_patches = (image_size // patch) ** 2
        self.blocks = nn.Sequential(
            *[MixerBlock(num_patches, dim) for _ in range(depth)]
        )
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, num_classes)

    def patches(self, images):
        b, c, h, w = images.shape
        p = self.patch
        x = images.reshape(b, c, h // p, p, w // p, p).permute(0, 2, 4, 1, 3, 5)
        return x.reshape(b, (h // p) * (w // p), c * p * p)

    def forward(self, images, labels=None, **kwargs):
        x = self.blocks(self.stem(self.patches(images)))
        logits = self.head(self.norm(x).mean(dim=1))
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self):
        return mean_loss


def mean_loss(logits, labels):
    total = F.cross_entropy(logits, labels, reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)
