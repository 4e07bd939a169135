"""Models with a wrong scale, number or width, or with less in them than they say."""

import torch
from attending_models import LabelsTokens, Layer, SeesPatches
from number_models import Amounts
from sound_models import CLASSES, SmallCausalLM, Sound
from torch import nn
from torch.nn import functional as F

from oumi_runtime.models import CNNClassifier


class _Scoring(Layer):
    """Computes the scores itself, over the root of the width."""

    def forward(self, x):
        qkv = self.qkv(self.norm(x)).unflatten(-1, (3, 2, -1))
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind()  # (B, heads, T, H / heads)
        y = self.scaled(q @ k.transpose(-2, -1)).softmax(dim=-1) @ v
        return x + self.projection(self.model.joined(y, x))

    def scaled(self, scores):
        return scores / (self.projection.in_features / 2) ** 0.5


class Scored(LabelsTokens):
    layer = _Scoring


class _Unscaled(_Scoring):
    def scaled(self, scores):
        return scores


class Unscaled(LabelsTokens):
    layer = _Unscaled


class UnscaledBesideAMatrix(Unscaled):
    def __init__(self, width: int = 16) -> None:
        super().__init__(width)
        self.weight = nn.Parameter(torch.randn(3, width))


class _SmallStart(_Unscaled):
    """Leaves the scale to the start, as T5 does."""

    def __init__(self, model, width):
        super().__init__(model, width)
        nn.init.normal_(self.qkv.weight, std=1 / width)


class SmallStart(LabelsTokens):
    layer = _SmallStart


class _ScaleOfOne(Layer):
    def forward(self, x):
        qkv = self.qkv(self.norm(x)).unflatten(-1, (3, 2, -1))
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind()  # (B, heads, T, H / heads)
        y = F.scaled_dot_product_attention(q, k, v, scale=1.0)
        return x + self.projection(self.model.joined(y, x))


class ScaleOfOne(LabelsTokens):
    layer = _ScaleOfOne


class SomeLayers(LabelsTokens):
    missing = 0

    def __init__(self, width: int = 16, num_layers: int = 3) -> None:
        super().__init__(width)
        self.layers = nn.ModuleList(
            self.layer(type(self), width) for _ in range(num_layers - self.missing)
        )


class OneLayerFewer(SomeLayers):
    missing = 1


class OneLayerMore(SomeLayers):
    missing = -1


class LastLayerApart(SomeLayers):
    """Has one of its layers outside of the list."""

    missing = 1

    def __init__(self, width: int = 16, num_layers: int = 3) -> None:
        super().__init__(width, num_layers)
        self.last = self.layer(type(self), width)

    def aligned(self, logits):
        return logits

    def placed(self, x):
        return self.last(super().placed(x))


class HalfOfTheLayers(SomeLayers):
    """Has a second list, which the argument does not rule."""

    def __init__(self, width: int = 16, num_layers: int = 3) -> None:
        super().__init__(width, num_layers)
        self.more = nn.ModuleList(self.layer(type(self), width) for _ in range(3))

    def placed(self, x):
        for layer in self.more:
            x = layer(x)
        return super().placed(x)


class TwoArguments(SomeLayers):
    """Has a second list, with an argument of its own."""

    def __init__(self, width: int = 16, num_layers: int = 3, num_more: int = 3) -> None:
        super().__init__(width, num_layers)
        self.more = nn.ModuleList(
            self.layer(type(self), width) for _ in range(num_more)
        )


class FirstLayerTwice(SomeLayers):
    def placed(self, x):
        return self.layers[0](super().placed(x))


class _Experts(Layer):
    """Shares the samples of a batch out among layers."""

    def __init__(self, model, width):
        super().__init__(model, width)
        self.parts = nn.ModuleList(nn.Linear(width, width) for _ in range(3))

    def forward(self, x):
        first = [self.parts[0](part) for part in x.split(1)]
        return super().forward(x + torch.cat(first) + self.parts[1](x))


class UnequalShares(LabelsTokens):
    layer = _Experts


class _HeadsForWidth(Layer):
    num_heads = 2

    def forward(self, x):
        qkv = self.qkv(self.norm(x)).unflatten(-1, (3, *self.cut()))
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind()  # (B, heads, T, H / heads)
        y = F.scaled_dot_product_attention(q, k, v)
        return x + self.projection(y.transpose(1, 2).flatten(2))

    def cut(self):
        return (-1, self.num_heads)


class HeadsForWidth(LabelsTokens):
    layer: type[Layer] = _HeadsForWidth

    def __init__(self, width: int = 16, num_heads: int = 2) -> None:
        super().__init__(width)
        for layer in self.layers:
            layer.num_heads = num_heads


class _Heads(_HeadsForWidth):
    def cut(self):
        return (self.num_heads, -1)


class Heads(HeadsForWidth):
    layer = _Heads


class _Projection(nn.Module):
    """A linear layer of a class of its own, as GPT-2 has."""

    def __init__(self, in_dim: int, out_dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(in_dim, out_dim) / in_dim**0.5)

    def forward(self, x):
        return x @ self.weight


class _OwnProjections(_Heads):
    def __init__(self, model, width):
        super().__init__(model, width)
        self.qkv = _Projection(width, 3 * width)
        self.projection = _Projection(width, width)


class OwnProjections(HeadsForWidth):
    layer = _OwnProjections


class PatchesReshaped(SeesPatches):
    def forward(self, images, labels=None, **kwargs):
        x = self.patches(images).reshape(len(images), 4, -1) + self.placed()
        logits = self.classifier(F.gelu(self.layer(x)).mean(1))
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}


class LogitsDroppedOut(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.dropout = nn.Dropout(0.1)

    def head(self, logits):
        return self.dropout(logits)


class LogitsDroppedOutByHand(Sound):
    def head(self, logits):
        return F.dropout(logits, 0.1, self.training)


class HiddenDroppedOut(Sound):
    def __init__(self, dropout: float = 0.1) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)

    def pool(self, x, mask):
        return self.dropout(super().pool(x, mask))


class FiltersOfTheDefault(Sound):
    def __init__(self, width: int = 24) -> None:
        super().__init__(width)
        self.hidden = nn.Linear(width, 24)
        self.classifier = nn.Linear(24, CLASSES)


class FiltersOfTwiceTheDefault(Sound):
    def __init__(self, width: int = 24) -> None:
        super().__init__(width)
        self.hidden = nn.Linear(width, 48)
        self.classifier = nn.Linear(48, CLASSES)


class OtherFilters(Sound):
    """Has as many filters as it was found to need."""

    def __init__(self, width: int = 24) -> None:
        super().__init__(width)
        self.hidden = nn.Linear(width, 40)
        self.classifier = nn.Linear(40, CLASSES)


class Divided(Sound):
    def head(self, logits):
        return logits / 10


class WithTemperature(Sound):
    def __init__(self, temperature: float = 10.0) -> None:
        super().__init__()
        self.temperature = temperature

    def head(self, logits):
        return logits / self.temperature


class DividedByTheRoot(Sound):
    def head(self, logits):
        return logits / self.classifier.in_features**0.5


class Cosines(Sound):
    def pool(self, x, mask):
        return F.normalize(super().pool(x, mask), dim=-1)

    def head(self, logits):
        return logits * 16


class PixelsDividedAgain(CNNClassifier):
    def forward(self, images, labels=None, **kwargs):
        return super().forward(images / 255, labels)


class PixelsMadeBytes(CNNClassifier):
    def forward(self, images, labels=None, **kwargs):
        return super().forward(images * 255, labels)


class Stacked(Amounts):
    """Perceptrons, each added to its input."""

    between: type[nn.Module] = nn.GELU

    def __init__(self, num_features: int = 4, width: int = 8) -> None:
        super().__init__(num_features, width)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), self.between())
            for _ in range(2)
        )

    def forward(self, features, labels=None, **kwargs):
        x = self.hidden(features)
        for layer in self.layers:
            x = self.summed(x, layer(x))
        logits = self.output(x).squeeze(-1)
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    def summed(self, x, y):
        return x + y


class OfNormsOnly(Stacked):
    between = nn.Identity


class ForgetsItsInput(Stacked):
    """Perceptrons, each added to its input."""

    def summed(self, x, y):
        return y


class SeesWhatIsBefore(LabelsTokens):
    """Labels tokens."""

    @staticmethod
    def mask(length, device):
        return torch.ones(length, length, dtype=torch.bool, device=device).tril()


class SaysItIsCausal(SeesWhatIsBefore):
    """Labels tokens as they come, causal on purpose."""


class LooksBack(SmallCausalLM):
    """Convolutions over the tokens so far."""

    dilation = 2

    def __init__(self, num_layers: int = 3) -> None:
        """Makes the layers.

        Args:
            num_layers: Number of convolutions; n of them see 2 ** n tokens.
        """
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv1d(16, 16, 2, dilation=self.dilation**depth)
            for depth in range(num_layers)
        )

    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        x = self.embedding(input_ids).transpose(1, 2)  # (B, H, T)
        for convolution in self.convolutions:
            (reach,) = convolution.dilation
            x = x + F.gelu(convolution(F.pad(x, (reach, 0))))
        logits = F.linear(x.transpose(1, 2), self.embedding.weight)
        if labels is None:
            return {"logits": logits}
        targets = labels[:, 1:].flatten()
        loss = self.criterion(logits[:, :-1].flatten(0, 1), targets)
        return {"logits": logits, "loss": loss}


class LooksLessFarBack(LooksBack):
    dilation = 1

    def __init__(self, num_layers: int = 3) -> None:
        """Makes the layers.

        Args:
            num_layers: Number of convolutions; n of them see 2 ** n tokens.
        """
        super().__init__(num_layers)
