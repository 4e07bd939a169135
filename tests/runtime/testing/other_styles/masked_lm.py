"""A language model that hides tokens and predicts them (Devlin et al. 2019)."""

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


class MaskedLm(BaseModel):
    """Hides some tokens at random, in evaluation, too."""

    def __init__(self, vocab_size, hidden=32, max_length=16, share=0.3):
        super().__init__()
        self.hidden_id, self.share = vocab_size, share
        self.embedding = nn.Embedding(vocab_size + 1, hidden)
        self.positions = nn.Embedding(max_length, hidden)
        layer = nn.TransformerEncoderLayer(
            hidden, 4, 2 * hidden, dropout=0.1, batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(hidden, vocab_size)

    def forward(self, input_ids, attention_mask=None, **kwargs):
        hides = torch.rand(input_ids.shape, device=input_ids.device) < self.share
        padding = None
        if attention_mask is not None:
            padding = attention_mask == 0
            hides = hides & ~padding
        ids = input_ids.masked_fill(hides, self.hidden_id)
        places = torch.arange(ids.shape[1], device=ids.device)
        x = self.embedding(ids) + self.positions(places)
        logits = self.head(self.encoder(x, src_key_padding_mask=padding))
        wanted = input_ids.masked_fill(~hides, -100)
        return {"logits": logits, "loss": self.criterion(logits, wanted)}

    @property
    def criterion(self):
        return cross_entropy


def cross_entropy(logits, wanted):
    total = F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), reduction="sum")
    return total / (wanted != -100).sum().clamp(min=1)
