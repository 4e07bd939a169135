"""An autoencoder of images with hidden patches (He et al. 2022)."""

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


class HiddenPatches(BaseModel):
    """Draws the patches that were hidden at random."""

    def __init__(self, image_size=8, in_channels=1, patch=2, hidden=32, share=0.5):
        super().__init__()
        self.patch, self.share = patch, share
        values = in_channels * patch**2
        self.embed = nn.Linear(values, hidden)
        self.hidden_token = nn.Parameter(torch.randn(hidden) * 0.02)
        count = (image_size // patch) ** 2
        self.positions = nn.Parameter(torch.randn(count, hidden) * 0.02)
        layer = nn.TransformerEncoderLayer(
            hidden, 4, 2 * hidden, dropout=0.0, batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.draw = nn.Linear(hidden, values)

    def forward(self, images, **kwargs):
        patches = F.unfold(images, self.patch, stride=self.patch).transpose(1, 2)
        x = self.embed(patches)
        hides = torch.rand(x.shape[:2], device=x.device) < self.share
        x = torch.where(hides.unsqueeze(-1), self.hidden_token, x) + self.positions
        drawn = self.draw(self.encoder(x))
        errors = self.criterion(drawn, patches, reduction="none").mean(-1)
        loss = (errors * hides).sum() / hides.sum().clamp(min=1)
        return {"loss": loss, "reconstruction": drawn}

    @property
    def criterion(self):
        return F.mse_loss
