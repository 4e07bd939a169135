"""A classifier on the code of a VAE, with norms that parametrize its weights."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from oumi_runtime.core.models import BaseModel


class NormedVae(BaseModel):
    def __init__(self, image_size=8, in_channels=1, num_classes=5, latent=8, beta=0.1):
        super().__init__()
        pixels = in_channels * image_size**2
        self.encoder = nn.Sequential(
            nn.Flatten(), weight_norm(nn.Linear(pixels, 64)), nn.BatchNorm1d(64)
        )
        self.mean, self.log_variance = nn.Linear(64, latent), nn.Linear(64, latent)
        self.decoder = nn.Sequential(
            nn.Linear(latent, 64), nn.SiLU(), nn.Linear(64, pixels)
        )
        self.head = spectral_norm(nn.Linear(latent, num_classes))
        self.beta = beta
        self.register_buffer("step", torch.zeros(()))

    def forward(self, images, labels=None, **kwargs):
        h = F.silu(self.encoder(images))
        code = mean = self.mean(h)
        log_variance = self.log_variance(h).clamp(-8, 8)
        if self.training:
            self.step += 1
            code = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        drawn, logits = self.decoder(code), self.head(code)
        outputs = {"logits": logits, "drawn": drawn.view_as(images)}
        if labels is not None:
            spread = mean.square() + log_variance.exp() - 1 - log_variance
            outputs["drawing_loss"] = F.mse_loss(drawn, images.flatten(1))
            outputs["kl_loss"] = 0.5 * spread.mean()
            outputs["class_loss"] = self.criterion(logits, labels)
            outputs["loss"] = (
                outputs["class_loss"]
                + outputs["drawing_loss"]
                + self.beta * (self.step / 10).clamp(max=1) * outputs["kl_loss"]
            )
        return outputs

    @property
    def criterion(self):
        return F.cross_entropy
