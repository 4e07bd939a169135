"""Constructors that take their settings in one object."""

from dataclasses import dataclass

import torch
from netpack.settings import RowArgs
from torch import nn


@dataclass
class GPTConfig:
    vocab_size: int = 50304
    block_size: int = 1024
    n_embd: int = 32
    bias: bool = True


@dataclass
class OtherConfig:
    n_embd: int = 0


class GPT(nn.Module):
    """Its config has no type, as in many a repository."""

    def __init__(self, config) -> None:
        super().__init__()
        self.wte = nn.Embedding(config.vocab_size, config.n_embd)
        self.rnn = nn.GRU(config.n_embd, config.n_embd, batch_first=True)
        self.head = nn.Linear(config.n_embd, config.vocab_size, bias=config.bias)
        self.wpe = nn.Embedding(config.block_size, config.n_embd)

    def forward(self, idx: torch.Tensor) -> tuple[torch.Tensor, None]:
        places = torch.arange(idx.shape[1], device=idx.device)
        states, _ = self.rnn(self.wte(idx) + self.wpe(places))
        return self.head(states), None


class Rows(nn.Module):
    """A config of another module, beside another argument."""

    def __init__(self, width: int = 8, *, args: RowArgs) -> None:
        super().__init__()
        self.one = nn.Linear(args.num_features, width)
        self.two = nn.Linear(width, args.num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.two(self.one(x).relu())
        return logits
