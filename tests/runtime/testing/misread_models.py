"""Models that misread their inputs: how long, how laid out, in which order."""

import torch
from attending_models import LabelsTokens, Layer
from number_models import Amounts
from sound_models import CLASSES, SmallCausalLM, Sound
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel
from oumi_runtime.models import CNNClassifier


class DividedByTheWholeLength(SmallCausalLM):
    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        outputs = super().forward(input_ids, attention_mask)
        logits = outputs["logits"] / input_ids.shape[1]
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": logits.sum()}


class PositionsForEighteen(LabelsTokens):
    def __init__(self, width: int = 16) -> None:
        super().__init__(width)
        self.positions = nn.Embedding(18, width)

    def placed(self, x):
        return x + self.positions(torch.arange(x.shape[1], device=x.device))


class PositionsForMaxLength(LabelsTokens):
    """Says in an argument how long its texts may be."""

    def __init__(self, width: int = 16, max_length: int = 20) -> None:
        super().__init__(width)
        self.positions = nn.Embedding(max_length, width)

    def placed(self, x):
        return x + self.positions(torch.arange(x.shape[1], device=x.device))


class Viewed(Amounts):
    def taken(self, features):
        return features.view(-1).view(features.shape)


class ViewedImage(CNNClassifier):
    def forward(self, images, labels=None, **kwargs):
        flat = images.view(images.shape[0], -1)
        return super().forward(flat.reshape(images.shape), labels)


class Sorted(Amounts):
    def taken(self, features):
        return features.sort(dim=1).values


class BagOfPatches(BaseModel):
    """Averages the patches of an image, wherever they are."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, width, kernel_size=4, stride=4)
        self.classifier = nn.Linear(width, CLASSES)

    def forward(self, images, labels=None, **kwargs):
        x = F.relu(self.patches(images)).mean(dim=(2, 3))
        logits = self.classifier(x)
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self):
        return F.cross_entropy


class WritesWhatIsThere(Sound):
    """Writes padding over padding: nothing changes in a batch that is padded so."""

    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        if attention_mask is not None:
            input_ids.masked_fill_(attention_mask == 0, 0)
        return super().forward(input_ids, attention_mask, labels)


class Unsaid(Sound):
    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        """Classifies.

        Returns:
            `logits` (batch, classes), and `loss`, a scalar.
        """
        outputs = super().forward(input_ids, attention_mask, labels)
        return {**outputs, "guesses": outputs["logits"].argmax(dim=0)}


class CopyOfTheEmbedding(SmallCausalLM):
    def __init__(self, width: int = 16) -> None:
        super().__init__(width)
        self.head = nn.Parameter(self.embedding.weight.detach().clone())


class OfOneSign(Sound):
    def head(self, logits):
        return F.relu(logits)


class _OverHeads(Layer):
    def forward(self, x):
        qkv = self.qkv(self.norm(x)).unflatten(-1, (3, 2, -1))
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind()  # (B, heads, T, H / heads)
        y = (q @ k.transpose(-2, -1)).softmax(dim=1) @ v
        return x + self.projection(self.model.joined(y, x))


class SoftmaxOverHeads(LabelsTokens):
    def __init__(self, width: int = 16) -> None:
        super().__init__(width)
        self.layers = nn.ModuleList(_OverHeads(type(self), width) for _ in range(2))


class _QueriesForKeys(Layer):
    def forward(self, x):
        qkv = self.qkv(self.norm(x)).unflatten(-1, (3, 2, -1))
        q, _, v = qkv.permute(2, 0, 3, 1, 4).unbind()  # (B, heads, T, H / heads)
        y = F.scaled_dot_product_attention(q, q, v)
        return x + self.projection(self.model.joined(y, x))


class QueriesForKeys(LabelsTokens):
    def __init__(self, width: int = 16) -> None:
        super().__init__(width)
        self.layers = nn.ModuleList(_QueriesForKeys(type(self), width) for _ in "12")


class SeesPaddingBefore(Sound):
    """Attends causally, as if padding could only be at the end."""

    def encode(self, x):
        y = F.scaled_dot_product_attention(x, x, x, is_causal=True)
        return super().encode(x + y)


class WindowOnOneSide(LabelsTokens):
    """Labels a token by those before it."""

    def __init__(self, width: int = 16) -> None:
        super().__init__(width)
        self.layers = nn.ModuleList([nn.Linear(3 * width, width)])

    def placed(self, x):
        return F.pad(x, (0, 0, *self.reach)).unfold(1, 3, 1).flatten(2)

    reach = (2, 0)


class WindowOnBothSides(WindowOnOneSide):
    reach = (1, 1)


class _SoftmaxTwice(Layer):
    def forward(self, x):
        qkv = self.qkv(self.norm(x)).unflatten(-1, (3, 2, -1))
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind()  # (B, heads, T, H / heads)
        y = (q @ k.transpose(-2, -1)).softmax(dim=-1).softmax(dim=-1) @ v
        return x + self.projection(self.model.joined(y, x))


class SoftmaxTwice(LabelsTokens):
    def __init__(self, width: int = 16) -> None:
        super().__init__(width)
        self.layers = nn.ModuleList(_SoftmaxTwice(type(self), width) for _ in "12")


class FeaturesApart(Amounts):
    """Attends within each feature, over its heads, and averages the features."""

    def __init__(self, num_features: int = 4, width: int = 8) -> None:
        super().__init__(num_features, width)
        self.hidden = nn.Linear(1, width)
        self.weight = nn.Parameter(torch.randn(num_features, width))

    def forward(self, features, labels=None, **kwargs):
        x = features.unsqueeze(-1) * self.weight  # (B, F, H)
        heads = x.unflatten(-1, (2, -1))  # (B, F, heads, H / heads)
        x = F.scaled_dot_product_attention(*self.arranged(heads))
        x = x.transpose(1, 2) if x.shape[1] == 2 else x
        logits = self.output(x.flatten(2).mean(dim=1)).squeeze(-1)
        logits = logits + self.hidden(features[:, :1]).mean(dim=1)
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    def arranged(self, heads):
        return heads, heads, heads


class FeaturesTogether(FeaturesApart):
    def arranged(self, heads):
        return (heads.transpose(1, 2),) * 3
