"""A BiLSTM tagger."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from oumi_runtime.core.models import BaseModel


class LstmTagger(BaseModel):
    """Embedding, bidirectional LSTM over packed sequences, linear tags."""

    def __init__(
        self,
        vocab_size=4000,
        embed_dim=48,
        hidden_size=64,
        num_layers=2,
        num_tags=9,
        dropout=0.2,
        pad_token_id=0,
    ):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, embed_dim, padding_idx=pad_token_id)
        self.lstm = nn.LSTM(
            embed_dim,
            hidden_size // 2,
            num_layers,
            batch_first=True,
            bidirectional=True,
            dropout=dropout if num_layers > 1 else 0.0,
        )
        self.drop = nn.Dropout(dropout)
        self.out = nn.Linear(hidden_size, num_tags)

    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        """Tags each token.

        Args:
            input_ids: (batch, sequence) int64.
            attention_mask: (batch, sequence), 1 for tokens.
            labels: (batch, sequence) int64, -100 is ignored.
        """
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        lengths = attention_mask.sum(dim=1).clamp(min=1)
        x = self.drop(self.embed(input_ids))
        packed = pack_padded_sequence(
            x, lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        h, _ = self.lstm(packed)
        h, _ = pad_packed_sequence(h, batch_first=True, total_length=input_ids.shape[1])
        logits = self.out(self.drop(h))
        out = {"logits": logits}
        if labels is not None:
            out["loss"] = self.criterion(logits, labels)
        return out

    @property
    def criterion(self):
        return tag_loss


def tag_loss(logits, labels):
    """Mean cross entropy of the labelled tokens."""
    n = (labels != -100).sum().clamp(min=1)
    return (
        F.cross_entropy(
            logits.transpose(1, 2), labels, ignore_index=-100, reduction="sum"
        )
        / n
    )
