"""Texts: masks of every kind, and outputs in a dict, a dataclass and a named tuple."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import nn
from torch.nn import functional as F


class Bag(nn.Module):
    def __init__(self, vocab_size: int, dim: int = 32, n_classes: int = 2) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.hidden = nn.Linear(dim, dim)
        self.out = nn.Linear(dim, n_classes)

    def forward(
        self, tokens: torch.Tensor, attention_mask: torch.Tensor | None = None
    ) -> dict[str, torch.Tensor]:
        x = self.embed(tokens)
        if attention_mask is None:
            attention_mask = torch.ones_like(tokens)
        weights = attention_mask.unsqueeze(-1)
        mean = (x * weights).sum(1) / weights.sum(1).clamp(min=1)
        return {"pooled": mean, "logits": self.out(torch.tanh(self.hidden(mean)))}


class PaddedBag(nn.Module):
    """Takes id 0 for padding, and no mask."""

    def __init__(self, n_tokens, dim=32, num_labels=2):
        super().__init__()
        self.embed = nn.Embedding(n_tokens, dim, padding_idx=0)
        self.out = nn.Linear(dim, num_labels)

    def forward(self, ids):
        keep = (ids != 0).unsqueeze(-1)
        return self.out((self.embed(ids) * keep).sum(1) / keep.sum(1).clamp(min=1))


@dataclass
class Tagged:
    states: torch.Tensor
    logits: torch.Tensor


class Tagger(nn.Module):
    """A transformer, whose mask is True for padding."""

    def __init__(
        self,
        num_embeddings: int,
        num_tags: int,
        dim: int = 32,
        activation: Literal["relu", "gelu"] = "relu",
        max_len: int = 64,
    ) -> None:
        super().__init__()
        self.tokens = nn.Embedding(num_embeddings, dim)
        self.positions = nn.Parameter(torch.randn(max_len, dim) * 0.1)
        layer = nn.TransformerEncoderLayer(
            dim, 2, 2 * dim, 0.1, activation, batch_first=True
        )
        self.layers = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.out = nn.Linear(dim, num_tags)

    def forward(
        self, x: torch.Tensor, padding_mask: torch.Tensor | None = None
    ) -> Tagged:
        states = self.tokens(x) + self.positions[: x.shape[1]]
        states = self.layers(states, src_key_padding_mask=padding_mask)
        return Tagged(states, self.out(states))


class Step(NamedTuple):
    scores: torch.Tensor
    state: torch.Tensor


class CharRNN(nn.Module):
    """A next-token model in functional style."""

    def __init__(self, vocab_size: int, hidden: int = 32) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocab_size, hidden)
        self.rnn = nn.GRU(hidden, hidden, batch_first=True)

    def forward(self, x: torch.Tensor, state: torch.Tensor | None = None) -> Step:
        x, state = self.rnn(self.embed(x), state)
        return Step(F.linear(x, self.embed.weight), state)


class Causal(nn.Module):
    """Tokens that attend to those before them, all of which count."""

    def __init__(self, vocab_size: int, block_size: int = 64, width: int = 32) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocab_size, width)
        self.places = nn.Embedding(block_size, width)
        self.layer = nn.TransformerEncoderLayer(width, 2, 64, 0.0, batch_first=True)
        self.head = nn.Linear(width, vocab_size, bias=False)

    def forward(
        self, idx: torch.Tensor, targets: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        logits = self.head(self.states(idx, None))
        if targets is None:
            return logits, None
        return logits, F.cross_entropy(logits.flatten(0, 1), targets.flatten())

    def states(self, idx: torch.Tensor, padding: torch.Tensor | None) -> torch.Tensor:
        length = idx.shape[1]
        x = self.tokens(idx) + self.places(torch.arange(length, device=idx.device))
        later = torch.ones(length, length, dtype=torch.bool, device=idx.device).triu(1)
        states: torch.Tensor = self.layer(
            x, src_mask=later, src_key_padding_mask=padding
        )
        return states


class MaskedCausal(Causal):
    """The same, of which padding is left out, wherever it is."""

    def forward(  # type: ignore[override]
        self, idx: torch.Tensor, attention_mask: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, None]:
        padding = None if attention_mask is None else attention_mask == 0
        return self.head(self.states(idx, padding).nan_to_num()), None


class SequenceFirst(nn.Module):
    """Takes (sequence, batch), as torch does by default, and the lengths of texts."""

    def __init__(self, vocab_size: int, output_dim: int, hidden_dim: int = 32) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, hidden_dim)
        self.rnn = nn.LSTM(hidden_dim, hidden_dim)
        self.fc = nn.Linear(hidden_dim, output_dim)

    def forward(self, text: torch.Tensor, text_lengths: torch.Tensor) -> torch.Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(
            self.embedding(text), text_lengths.cpu(), enforce_sorted=False
        )
        _, (state, _) = self.rnn(packed)
        logits: torch.Tensor = self.fc(state[-1])
        return logits


class CausalSequenceFirst(nn.Module):
    """A language model that takes (sequence, batch), and a mask from its caller."""

    def __init__(self, ntoken: int, d_model: int = 32, max_len: int = 128) -> None:
        super().__init__()
        self.embedding = nn.Embedding(ntoken, d_model)
        self.places = nn.Parameter(torch.randn(max_len, 1, d_model) * 0.1)
        self.layer = nn.TransformerEncoderLayer(d_model, 2, 64, 0.1)
        self.linear = nn.Linear(d_model, ntoken)

    def forward(self, src: torch.Tensor, src_mask: torch.Tensor) -> torch.Tensor:
        x = self.embedding(src) + self.places[: len(src)]
        logits: torch.Tensor = self.linear(self.layer(x, src_mask))
        return logits


class Heads(nn.Module):
    """Attention written out, whose mask has a dimension for heads and for queries."""

    def __init__(
        self, vocab_size: int, num_classes: int, dim: int = 32, max_len: int = 128
    ) -> None:
        super().__init__()
        self.table = nn.Embedding(vocab_size, dim)
        self.places = nn.Embedding(max_len, dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, num_classes)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        places = self.places(torch.arange(ids.shape[1], device=ids.device))
        qkv = self.qkv(self.table(ids) + places).unflatten(-1, (3, 4, -1))
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind()
        scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
        shares = scores.masked_fill(mask == 0, -1e9).softmax(-1)
        logits: torch.Tensor = self.out((shares @ v)[:, :, 0].flatten(1))
        return logits
