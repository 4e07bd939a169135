"""Models with constructors of every shape, over one linear layer."""

from typing import Any

import torch
from torch import nn

from oumi_runtime.core.models import BaseModel


class Tiny(BaseModel):
    """A linear layer; its constructor is written as on Oumi's page."""

    def __init__(self, width: int = 4, *, bias: bool = True) -> None:
        super().__init__()
        self.layer = nn.Linear(width, 2, bias=bias)

    def forward(self, x, labels=None, **kwargs):
        outputs = {"logits": self.layer(x)}
        if labels is not None:
            outputs["loss"] = self.criterion(outputs["logits"], labels)
        return outputs

    @property
    def criterion(self):
        return nn.functional.cross_entropy


class Passing(Tiny):
    """Passes its arguments up by name, as Oumi's CNNClassifier does."""

    def __init__(self, width: int, *, scale: float = 2.0) -> None:
        BaseModel.__init__(self, width=width, scale=scale)
        self.layer = nn.Linear(width, 2)


class Doubled(Tiny):
    """Gives its parent another value of an argument of the same name."""

    def __init__(self, width: int) -> None:
        super().__init__(width=2 * width)


class DoubledPassing(Passing):
    """Its parent tells BaseModel of arguments that are not this class's."""

    def __init__(self, half: int, width: int = 7) -> None:
        super().__init__(width=2 * half, scale=1.0)


class Extra(Tiny):
    """Takes anything."""

    def __init__(self, width: int, **options: Any) -> None:
        super().__init__(width, **options)


class Inheriting(Passing):
    """Has no constructor of its own."""


class Bare(BaseModel):
    """Has no constructor at all."""

    def forward(self, x, **kwargs):
        return {"logits": x}

    @property
    def criterion(self):
        return nn.functional.cross_entropy


class WidthMixin:
    """Makes the layer, in a class that is not a model."""

    def __init__(self, width: int = 5) -> None:
        super().__init__()
        self.layer = nn.Linear(width, 2)


class Mixed(WidthMixin, Tiny):
    """Gets its constructor from the mixin, and not from Tiny."""


class Sizes(Tiny):
    """Takes arguments that cannot be given by name."""

    def __init__(self, *sizes: int) -> None:
        super().__init__(sum(sizes))


class PositionOnly(Tiny):
    """Takes an argument that cannot be given by name."""

    def __init__(self, width: int, /) -> None:
        super().__init__(width)


class Holding(Tiny):
    """Takes anything at all as an argument, and does not use it."""

    def __init__(self, value: Any = None) -> None:
        super().__init__()


class Shortened(Tiny):
    """Is given what JSON cannot hold, and records what it can."""

    def __init__(self, width: Any) -> None:
        width = int(width)
        BaseModel.__init__(self, width=width)
        self.layer = nn.Linear(width, 2)


class Tied(BaseModel):
    """An embedding whose weight is the output layer's too."""

    def __init__(self, vocab_size: int = 11, width: int = 4) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, width)
        self.head = nn.Linear(width, vocab_size, bias=False)
        self.head.weight = self.embedding.weight
        self.register_buffer("offset", torch.zeros(vocab_size))
        self.register_buffer("scale", torch.ones(width), persistent=False)

    def forward(self, input_ids, **kwargs):
        x = self.embedding(input_ids) * self.scale
        return {"logits": self.head(x) + self.offset}

    @property
    def criterion(self):
        return nn.functional.cross_entropy
