"""Images and their captions in one space (Radford et al. 2021)."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


class MiniClip(BaseModel):
    """A CNN for images, a GRU for captions, and a learned temperature."""

    def __init__(
        self,
        vocab_size: int = 500,
        in_channels: int = 1,
        width: int = 16,
        embed_dim: int = 32,
    ):
        super().__init__()
        self.vision = nn.Sequential(
            nn.Conv2d(in_channels, width, 3, 2, 1),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, 2, 1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        self.image_projection = nn.Linear(2 * width, embed_dim, bias=False)
        self.token = nn.Embedding(vocab_size, width)
        self.text = nn.GRU(width, width, batch_first=True)
        self.text_projection = nn.Linear(width, embed_dim, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def encode_image(self, images):
        return F.normalize(self.image_projection(self.vision(images)), dim=-1)

    def encode_text(self, ids, mask):
        h, _ = self.text(self.token(ids))
        last = mask.sum(dim=1).clamp(min=1) - 1
        h = h.gather(1, last[:, None, None].expand(-1, 1, h.size(-1))).squeeze(1)
        return F.normalize(self.text_projection(h), dim=-1)

    def forward(self, images, labels=None, **kwargs):
        """Embeds images, and their captions.

        Args:
            images: (batch, in_channels, height, width) float.
            labels: Captions, (batch, length) int64, padded with -100.

        Returns:
            `embeddings` (batch, embed_dim); with labels `target_embeddings` and `loss`.
        """
        embeddings = self.encode_image(images)
        if labels is None:
            return {"embeddings": embeddings}
        mask = labels != -100
        targets = self.encode_text(labels.masked_fill(~mask, 0), mask)
        return {
            "embeddings": embeddings,
            "target_embeddings": targets,
            "loss": self.criterion(embeddings, targets, labels),
        }

    @property
    def criterion(self):
        return self.clip_loss

    def clip_loss(self, embeddings, targets, labels):
        keep = (labels != -100).any(dim=1)
        logits = self.logit_scale.exp() * embeddings @ targets.T
        logits = logits.masked_fill(~(keep[:, None] & keep[None, :]), -1e4)
        own = torch.arange(len(logits), device=logits.device).masked_fill(~keep, -100)
        a = F.cross_entropy(logits, own, reduction="sum")
        b = F.cross_entropy(logits.T, own, reduction="sum")
        return (a + b) / 2 / keep.sum().clamp(min=1)
