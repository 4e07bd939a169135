"""RWKV (Peng et al. 2023)."""

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


def before(x):
    return F.pad(x, (0, 0, 1, -1))


class TimeMix(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.mix = nn.Parameter(torch.rand(3, dim))
        self.decay = nn.Parameter(torch.linspace(-3, 1, dim))
        self.bonus = nn.Parameter(torch.full((dim,), 0.3))
        self.key = nn.Linear(dim, dim, bias=False)
        self.value = nn.Linear(dim, dim, bias=False)
        self.receptance = nn.Linear(dim, dim, bias=False)
        self.out = nn.Linear(dim, dim, bias=False)

    def forward(self, x, mask):
        last = before(x)
        k, v, r = (x * m + last * (1 - m) for m in self.mix)
        k = self.key(k).masked_fill(~mask, -1e38)
        v, r = self.value(v), torch.sigmoid(self.receptance(r))
        rate = self.decay.exp()
        top = torch.full_like(k[:, 0], -1e38)
        above, below, outs = torch.zeros_like(top), torch.zeros_like(top), []
        for now, value in zip(k.unbind(1), v.unbind(1), strict=True):
            high = torch.maximum(top, now + self.bonus)
            old, new = (top - high).exp(), (now + self.bonus - high).exp()
            outs.append((old * above + new * value) / (old * below + new))
            high = torch.maximum(top - rate, now)
            old, new = (top - rate - high).exp(), (now - high).exp()
            above, below, top = old * above + new * value, old * below + new, high
        return self.out(r * torch.stack(outs, dim=1))


class ChannelMix(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.mix = nn.Parameter(torch.rand(2, dim))
        self.key = nn.Linear(dim, 3 * dim, bias=False)
        self.value = nn.Linear(3 * dim, dim, bias=False)
        self.receptance = nn.Linear(dim, dim, bias=False)

    def forward(self, x):
        last = before(x)
        k, r = (x * m + last * (1 - m) for m in self.mix)
        return torch.sigmoid(self.receptance(r)) * self.value(F.relu(self.key(k)) ** 2)


class RwkvLm(BaseModel):
    """A language model whose state fades, channel by channel."""

    def __init__(self, vocab_size=258, dim=32, depth=2):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.norm_in = nn.LayerNorm(dim)
        self.time = nn.ModuleList(TimeMix(dim) for _ in range(depth))
        self.channel = nn.ModuleList(ChannelMix(dim) for _ in range(depth))
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(2 * depth))
        self.norm_out = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, vocab_size, bias=False)
        nn.init.normal_(self.head.weight, std=0.02)

    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        mask = attention_mask.bool().unsqueeze(-1)
        x = self.norm_in(self.embed(input_ids))
        for i, (time, channel) in enumerate(zip(self.time, self.channel, strict=True)):
            x = x + time(self.norms[2 * i](x) * mask, mask)
            x = x + channel(self.norms[2 * i + 1](x) * mask)
        logits = self.head(self.norm_out(x))
        out = {"logits": logits}
        if labels is not None:
            out["loss"] = self.criterion(logits[:, :-1], labels[:, 1:])
        return out

    @property
    def criterion(self):
        return mean_loss


def mean_loss(logits, labels):
    total = F.cross_entropy(logits.transpose(1, 2), labels, reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)
