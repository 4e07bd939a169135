"""Rows of tables, in a package with relative imports."""

from itertools import pairwise

import torch
from torch import nn

from .parts import mlp


class RowNet(nn.Module):
    def __init__(
        self,
        in_features: int,
        out_features: int,
        hidden: list[int] = [32, 16],  # noqa: B006 - as people write
    ) -> None:
        super().__init__()
        self.body = mlp([in_features, *hidden, out_features])

    def forward(self, x):
        return self.body(x)


class Stack(nn.Module):
    """Its sizes are arguments by position, as many as there are layers."""

    def __init__(self, kind: str = "relu", *sizes: int) -> None:
        super().__init__()
        assert kind == "relu"
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers[:-1]:
            x = layer(x).relu()
        logits: torch.Tensor = self.layers[-1](x)
        return logits


class Pair(nn.Module):
    """Its sizes can be given by position only."""

    def __init__(
        self, in_features: int, out_features: int, /, *, width: int = 8
    ) -> None:
        super().__init__()
        self.one = nn.LazyLinear(width)
        self.norm = nn.LazyBatchNorm1d()
        self.two = nn.Linear(width, out_features)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.two(self.norm(self.one(x)).relu())
        return logits
