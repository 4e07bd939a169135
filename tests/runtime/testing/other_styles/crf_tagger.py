"""A BiLSTM with a conditional random field (Lample et al. 2016)."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from oumi_runtime.core.models import BaseModel


class Crf(nn.Module):
    def __init__(self, num_tags):
        super().__init__()
        self.start = nn.Parameter(torch.randn(num_tags) * 0.1)
        self.end = nn.Parameter(torch.randn(num_tags) * 0.1)
        self.step = nn.Parameter(torch.randn(num_tags, num_tags) * 0.1)

    def forward(self, emissions, tags):
        """Minus the log likelihood per labelled token; a tag of -100 is skipped."""
        is_tag = tags != -100
        tags = tags.masked_fill(~is_tag, 0)
        own = emissions.gather(2, tags.unsqueeze(2)).squeeze(2)
        begun = torch.zeros_like(is_tag[:, 0])
        last, alpha = tags[:, 0], torch.zeros_like(emissions[:, 0])
        score = torch.zeros_like(own[:, 0])
        for t in range(tags.shape[1]):
            now, tag = is_tag[:, t], tags[:, t]
            arrived = torch.logsumexp(alpha.unsqueeze(2) + self.step, dim=1)
            arrived = torch.where(begun.unsqueeze(1), arrived, self.start)
            alpha = torch.where(now.unsqueeze(1), arrived + emissions[:, t], alpha)
            moved = torch.where(begun, self.step[last, tag], self.start[tag])
            score = torch.where(now, score + moved + own[:, t], score)
            last = torch.where(now, tag, last)
            begun = begun | now
        missing = torch.logsumexp(alpha + self.end, dim=1) - score - self.end[last]
        return (missing * begun).sum() / is_tag.sum().clamp(min=1)


class CrfTagger(BaseModel):
    """Scores of the tags from a packed LSTM; the loss is of whole paths."""

    def __init__(self, vocab_size=4000, dim=32, num_tags=5, dropout=0.1):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.drop = nn.Dropout(dropout)
        self.lstm = nn.LSTM(dim, dim // 2, batch_first=True, bidirectional=True)
        self.emit = nn.Linear(dim, num_tags)
        self.crf = Crf(num_tags)

    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        """Scores each tag of each token.

        Args:
            input_ids: (batch, sequence) int64.
            attention_mask: (batch, sequence), 1 for tokens.
            labels: (batch, sequence) int64, -100 is skipped.
        """
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        lengths = attention_mask.sum(dim=1).clamp(min=1).cpu()
        packed = pack_padded_sequence(
            self.drop(self.embed(input_ids)),
            lengths,
            batch_first=True,
            enforce_sorted=False,
        )
        h, _ = pad_packed_sequence(
            self.lstm(packed)[0], batch_first=True, total_length=input_ids.shape[1]
        )
        emissions = self.emit(self.drop(h))
        out = {"logits": emissions}
        if labels is not None:
            out["loss"] = self.criterion(emissions, labels)
        return out

    @property
    def criterion(self):
        return self.crf
