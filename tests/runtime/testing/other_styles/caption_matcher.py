"""Images and captions in one space, with a second task, as inputs of one forward."""

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


def info_nce(texts, images, log_scale):
    scores = texts @ images.T * log_scale.exp()
    own = torch.arange(len(scores), device=scores.device)
    return (F.cross_entropy(scores, own) + F.cross_entropy(scores.T, own)) / 2


class CaptionMatcher(BaseModel):
    """A ViT for images, pooled tokens for captions, and the size of what is seen."""

    def __init__(self, vocab_size=500, dim=32, patch=2, image_size=8, channels=3):
        super().__init__()
        self.patches = nn.Conv2d(channels, dim, patch, patch)
        self.places = nn.Parameter(torch.randn((image_size // patch) ** 2, dim) * 0.02)
        self.layer = nn.TransformerEncoderLayer(
            dim, 4, 2 * dim, 0.0, batch_first=True, norm_first=True
        )
        self.image_head = nn.Linear(dim, dim)
        self.tokens = nn.Embedding(vocab_size, dim)
        self.text_head = nn.Linear(dim, dim)
        self.area_head = nn.Linear(dim, 1)
        self.log_scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, input_ids, images, attention_mask=None, area=None, **kwargs):
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        mask = attention_mask.unsqueeze(-1)
        texts = (self.tokens(input_ids) * mask).sum(1) / mask.sum(1).clamp(min=1)
        seen = self.patches(images).flatten(2).transpose(1, 2) + self.places
        seen = self.layer(seen).mean(1)
        outputs = {
            "embeddings": F.normalize(self.text_head(texts), dim=-1),
            "target_embeddings": F.normalize(self.image_head(seen), dim=-1),
        }
        if area is not None:
            outputs["contrastive_loss"] = self.criterion(
                outputs["embeddings"], outputs["target_embeddings"], self.log_scale
            )
            guessed = self.area_head(seen).squeeze(-1)
            outputs["area_loss"] = F.mse_loss(guessed, area)
            outputs["loss"] = outputs["contrastive_loss"] + 0.1 * outputs["area_loss"]
        return outputs

    @property
    def criterion(self):
        return info_nce
