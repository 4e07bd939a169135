"""Tells the noise of a noisy image (Ho et al. 2020)."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


class TimedBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(4, width), nn.GroupNorm(4, width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.time = nn.Linear(width, 2 * width)

    def forward(self, x, time):
        h = self.conv1(F.silu(self.norm1(x)))
        scale, shift = self.time(F.silu(time))[:, :, None, None].chunk(2, dim=1)
        return x + self.conv2(F.silu(self.norm2(h) * (1 + scale) + shift))


class Diffusion(BaseModel):
    """Convolutions that are told the step by sines."""

    def __init__(self, in_channels=1, width=16, depth=2):
        super().__init__()
        self.width = width
        self.stem = nn.Conv2d(in_channels, width, 3, padding=1)
        self.time = nn.Sequential(
            nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width)
        )
        self.blocks = nn.ModuleList(TimedBlock(width) for _ in range(depth))
        self.norm = nn.GroupNorm(4, width)
        self.out = nn.Conv2d(width, in_channels, 3, padding=1)

    def sines(self, timesteps):
        half = self.width // 2
        place = torch.arange(half, device=timesteps.device)
        angles = timesteps[:, None] * torch.exp(-math.log(10000) * place / half)
        return torch.cat([angles.sin(), angles.cos()], dim=1)

    def forward(self, images, timesteps, labels=None, **kwargs):
        """Tells the noise.

        Args:
            images: (batch, in_channels, height, width), noisy.
            timesteps: (batch,) int64.
            labels: The noise, of the images' shape.
        """
        time = self.time(self.sines(timesteps).to(images.dtype))
        x = self.stem(images)
        for block in self.blocks:
            x = block(x, time)
        noise = self.out(F.silu(self.norm(x)))
        out = {"logits": noise}
        if labels is not None:
            out["loss"] = self.criterion(noise, labels)
        return out

    @property
    def criterion(self):
        return F.mse_loss
