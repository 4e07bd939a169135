"""A diffusion model that draws its noise itself (Ho et al. 2020)."""

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


class NoisePredictor(BaseModel):
    """Learns the noise that was added to images; returns only the loss."""

    def __init__(self, channels=1, hidden=32, steps=50, layers=2):
        super().__init__()
        self.steps = steps
        kept = torch.cumprod(1 - torch.linspace(1e-3, 0.2, steps), 0)
        self.register_buffer("kept", kept)
        self.time = nn.Embedding(steps, hidden)
        self.enter = nn.Conv2d(channels, hidden, 3, padding=1)
        self.blocks = nn.ModuleList(
            nn.Conv2d(hidden, hidden, 3, padding=1) for _ in range(layers)
        )
        self.leave = nn.Conv2d(hidden, channels, 3, padding=1)

    def predict(self, images, times):
        x = self.enter(images) + self.time(times)[:, :, None, None]
        for block in self.blocks:
            x = x + block(F.silu(x))
        return self.leave(x)

    def forward(self, images, **kwargs):
        images = images * 2 - 1
        times = torch.randint(self.steps, (len(images),), device=images.device)
        noise = torch.randn_like(images)
        kept = self.kept[times].to(images.dtype)[:, None, None, None]
        noisy = kept.sqrt() * images + (1 - kept).sqrt() * noise
        return {"loss": self.criterion(self.predict(noisy, times), noise)}

    @property
    def criterion(self):
        return F.mse_loss
