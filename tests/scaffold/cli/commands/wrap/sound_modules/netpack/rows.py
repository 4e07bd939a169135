"""Rows of tables, in a package with relative imports."""

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
